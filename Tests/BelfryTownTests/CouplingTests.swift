import Testing

@testable import BelfryTown

/// The planted couplings can be found again: by themselves, and in the files.
@Suite struct CouplingTests {
    /// Ten in the morning of the first Tuesday.
    private static func moment(_ drivers: inout Drivers) -> Moment {
        drivers.moment(
            at: TownZone.copenhagen.midnight(ofDay: TownOptions.defaultFirstDay + 1) + 36_000)
    }

    /// The same instant with and without: the noise is the same, so the rest is the coupling.
    private func traffic(_ change: (inout Moment) -> Void) -> (before: [Int], after: [Int]) {
        var drivers = Drivers(mixer: Mixer(seed: 3), clock: .copenhagen)
        var domain = TrafficDomain(drivers: drivers, count: 200)
        var moment = CouplingTests.moment(&drivers)
        moment.rain = moment.rain.map { _ in 0 }
        moment.incidents = []
        moment.events = []
        var before = [Int](repeating: 0, count: 600)
        domain.read(at: moment, into: &before)
        change(&moment)
        var after = before
        domain.read(at: moment, into: &after)
        return (before, after)
    }

    private func sum(_ values: [Int], field: Int, of fields: Int) -> Double {
        Double(stride(from: field, to: values.count, by: fields).reduce(0) { $0 + values[$1] })
    }

    @Test func heavyRainTakesTwentyTwoPerCentOfSpeed() {
        let (dry, wet) = traffic { $0.rain = $0.rain.map { _ in 6_000 } }
        let ratio = sum(wet, field: 1, of: 3) / sum(dry, field: 1, of: 3)
        #expect(abs(ratio - 0.78) < 0.01)
        #expect(sum(wet, field: 0, of: 3) == sum(dry, field: 0, of: 3))
    }

    @Test func drizzleTakesEightPerCentOfSpeed() {
        let (dry, wet) = traffic { $0.rain = $0.rain.map { _ in 110 } }
        let ratio = sum(wet, field: 1, of: 3) / sum(dry, field: 1, of: 3)
        #expect(abs(ratio - 0.92) < 0.01)
    }

    @Test func collisionTakesFortyPerCentOfSpeedNearby() {
        var drivers = Drivers(mixer: Mixer(seed: 3), clock: .copenhagen)
        let zone = TrafficDomain(drivers: drivers, count: 200).sites[7].zone
        let moment = CouplingTests.moment(&drivers)
        let (before, after) = traffic {
            $0.incidents = [
                Incident(
                    kind: 0, zone: zone, severity: 3, received: moment.time - 600,
                    dispatched: moment.time, onScene: moment.time, cleared: moment.time + 600)
            ]
        }
        let ratio = Double(after[7 * 3 + 1]) / Double(before[7 * 3 + 1])
        #expect(abs(ratio - 0.6) < 0.03)
        #expect(zip(before, after).filter { $0 != $1 }.count < 60)
    }

    @Test func nitrogenDioxideEatsOzone() {
        var drivers = Drivers(mixer: Mixer(seed: 3), clock: .copenhagen)
        var domain = AirDomain(drivers: drivers, count: 60)
        var moment = CouplingTests.moment(&drivers)
        var calm = [Int](repeating: 0, count: 360)
        var windy = calm
        moment.windSpeed = 50
        domain.read(at: moment, into: &calm)
        moment.windSpeed = 1_200
        domain.read(at: moment, into: &windy)
        let dioxide = sum(windy, field: 2, of: 6) - sum(calm, field: 2, of: 6)
        let ozone = sum(windy, field: 3, of: 6) - sum(calm, field: 3, of: 6)
        #expect(dioxide < 0)
        #expect(abs(ozone / dioxide + 0.35) < 0.02)
    }

    @Test func heatRunsTheCooling() {
        var drivers = Drivers(mixer: Mixer(seed: 3), clock: .copenhagen)
        var moment = CouplingTests.moment(&drivers)
        func increase(_ temperature: Int) -> [Int] {
            var domain = MeterDomain(drivers: drivers, count: 400, start: moment.time - 900)
            moment.temperature = 30_000
            moment.temperatureEarlier = temperature
            var before = [Int](repeating: 0, count: 800)
            var after = before
            var earlier = moment
            earlier.time -= 900
            domain.read(at: earlier, into: &before)
            domain.read(at: moment, into: &after)
            return zip(before, after).map { $1 - $0 }
        }
        let customers = MeterDomain(drivers: drivers, count: 400, start: 0).customers
        let mild = increase(20_000)
        let hot = increase(32_000)
        var mildSum = 0.0
        var hotSum = 0.0
        for (meter, customer) in customers.enumerated() where customer.kind != .household {
            if customer.hasCooling {
                mildSum += Double(mild[meter * 2])
                hotSum += Double(hot[meter * 2])
            } else {
                #expect(mild[meter * 2] == hot[meter * 2])
            }
        }
        #expect(abs(hotSum / mildSum - 1.35) < 0.01)
    }

    @Test func crowdsFillTheGarageBesideThem() throws {
        var drivers = Drivers(mixer: Mixer(seed: 3), clock: .copenhagen)
        var domain = ParkingDomain(drivers: drivers, count: 8)
        var moment = CouplingTests.moment(&drivers)
        moment.events = [
            CityEvent(
                kind: 0, venue: 0, zone: drivers.cityEvents.venues[0].zone, attendance: 40_000,
                start: moment.time - 3_600, end: moment.time + 36_000)
        ]
        var values = [Int](repeating: 0, count: 24)
        for _ in 0..<40 { domain.read(at: moment, into: &values) }
        #expect(values[0] * 100 >= values[1] * 97)
        #expect(values[2] == 2 || values[0] * 100 < values[1] * 98)
    }

    @Test func trafficShowsInTheAirOfTheFiles() {
        let town = TownText.small.text
        let vehicles = hourly(town.rows("traffic.csv"), 2)
        let dioxide = hourly(town.rows("air.csv"), 4)
        let speed = hourly(town.rows("traffic.csv"), 3)
        #expect(correlation(vehicles, dioxide) > 0.7)
        #expect(correlation(vehicles, speed) < -0.5)
        let solar = hourly(town.rows("weather.csv"), 8)
        #expect(correlation(solar, hourly(town.rows("air.csv"), 5)) > 0.4)
    }

    /// Means by hour, of a column.
    private func hourly(_ rows: [[String]], _ column: Int) -> [String: Double] {
        var sums: [String: (sum: Double, count: Double)] = [:]
        for row in rows {
            guard let value = Double(row[column]) else { continue }
            let known = sums[String(row[0].prefix(13))] ?? (0, 0)
            sums[String(row[0].prefix(13))] = (known.sum + value, known.count + 1)
        }
        return sums.mapValues { $0.sum / $0.count }
    }

    private func correlation(_ left: [String: Double], _ right: [String: Double]) -> Double {
        let pairs = left.compactMap { hour, value in right[hour].map { (value, $0) } }
        let count = Double(pairs.count)
        let meanLeft = pairs.reduce(0) { $0 + $1.0 } / count
        let meanRight = pairs.reduce(0) { $0 + $1.1 } / count
        var across = 0.0
        var leftSquares = 0.0
        var rightSquares = 0.0
        for (x, y) in pairs {
            across += (x - meanLeft) * (y - meanRight)
            leftSquares += (x - meanLeft) * (x - meanLeft)
            rightSquares += (y - meanRight) * (y - meanRight)
        }
        return across / (leftSquares * rightSquares).squareRoot()
    }
}
