/// Car parks: a stock of cars that follows its kind's day, fills up around events, and is
/// miscounted a little more each hour until the barrier is reset at four in the morning.
struct ParkingDomain: Domain {
    static let table = TownTable(
        name: "parking", tag: "garage",
        fields: [
            TownField(name: "occupied", decimals: 0, declaration: "BIGINT GAUGE"),
            TownField(name: "capacity", decimals: 0, declaration: "BIGINT GAUGE"),
            TownField(
                name: "status", decimals: 0, declaration: "TEXT STATE",
                words: ["open", "busy", "full"]),
        ],
        staleAfter: "30 minutes")
    static let step = 300
    static let faults = FaultModel(
        stream: .parkingFault, jitter: 2, phases: 60, lossPerMillion: 5_000,
        repeatsPerMillion: 5_000, gateways: 3)

    static let resetSecond = 4 * 3_600

    let sites: [Site]
    let capacities: [Int]
    private let curves: [Activity.Curve]
    private let popularity: [Int]
    private let flow: [Draws]
    private var occupied: [Int]
    private var ticksSinceReset = 0

    init(drivers: Drivers, count: Int) {
        let ground = drivers.ground
        sites = ground.sites(.garage, count: count)
        flow = (0..<count).map { ground.mixer.draws(.parkingFlow, $0) }
        capacities = (0..<count).map { 80 + ground.mixer.draws(.site, $0)(110).below(42) * 20 }
        popularity = (0..<count).map { 56_000 + ground.mixer.draws(.site, $0)(111).below(14_000) }
        curves = (0..<count).map { [.shop, .station, .shop, .dwelling][$0 / 2 % 4] }
        occupied = [Int](repeating: 0, count: count)
    }

    /// The latest reset at or before the start: from there on the stock is known.
    func beginning(for start: Int, clock: TownZone) -> Int {
        let day = Fixed.floor(start + clock.offset(at: start), by: 86_400)
        for candidate in [day, day - 1] {
            let midnight = clock.midnight(ofDay: candidate)
            // A change of the clock lies between midnight and four: count in wall time.
            let guess = midnight + ParkingDomain.resetSecond
            let reset = guess - (clock.offset(at: guess) - clock.offset(at: midnight))
            if reset <= start { return reset }
        }
        return clock.midnight(ofDay: day - 1)
    }

    mutating func read(at moment: Moment, into values: inout [Int]) {
        let tick = moment.time / ParkingDomain.step
        let isReset = moment.localSecond == ParkingDomain.resetSecond
        ticksSinceReset = isReset ? 0 : ticksSinceReset + 1
        for sensor in sites.indices {
            let capacity = capacities[sensor]
            let share = Fixed.multiply(
                Fixed.multiply(moment.level(curves[sensor]), popularity[sensor]), moment.dayLevel)
            let visitors = visitors(at: sites[sensor].zone, moment)
            let target = Fixed.rounded(capacity * share) + visitors
            let draw = flow[sensor](tick)
            if isReset {
                occupied[sensor] = min(capacity, target)
            } else {
                let turnover = Fixed.multiply(Fixed.root(capacity << 16) / 5, draw.bell)
                let change = Fixed.floor(target - occupied[sensor], by: 5)
                occupied[sensor] = Fixed.clamp(
                    occupied[sensor] + change + Fixed.rounded(turnover), 0, capacity)
            }
            // Up to a hundredth of the capacity too many by the end of the day.
            let drift = capacity * ticksSinceReset / 28_800
            let reported = min(capacity, occupied[sensor] + drift)
            values[sensor * 3] = reported
            values[sensor * 3 + 1] = capacity
            values[sensor * 3 + 2] =
                reported * 100 >= capacity * 98 ? 2 : reported * 100 >= capacity * 85 ? 1 : 0
        }
    }

    /// Cars of a crowd at a venue within a kilometre: three for every twenty people.
    private func visitors(at zone: Int, _ moment: Moment) -> Int {
        var cars = 0
        for event in moment.events where CityMap.distance(event.zone, zone) <= 2 {
            cars += Fixed.multiply(event.attendance * 3 / 20, event.presence(moment.time))
        }
        return cars
    }
}
