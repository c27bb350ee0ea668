/// Air stations on a radio network: dust, nitrogen dioxide, ozone, temperature and humidity.
///
/// Nitrogen dioxide follows the traffic of the zone and is blown away by wind; ozone follows the
/// sun of an hour ago, and nitrogen dioxide eats it; dust follows both, and rain washes it out.
struct AirDomain: Domain {
    static let table = TownTable(
        name: "air", tag: "station",
        fields: [
            TownField(name: "pm25", decimals: 1, declaration: "DOUBLE GAUGE UNIT 'µg/m³'"),
            TownField(name: "pm10", decimals: 1, declaration: "DOUBLE GAUGE UNIT 'µg/m³'"),
            TownField(name: "no2", decimals: 0, declaration: "DOUBLE GAUGE UNIT 'µg/m³'"),
            TownField(name: "o3", decimals: 0, declaration: "DOUBLE GAUGE UNIT 'µg/m³'"),
            TownField(name: "temperature", decimals: 1, declaration: "DOUBLE GAUGE UNIT '°C'"),
            TownField(name: "humidity", decimals: 0, declaration: "DOUBLE GAUGE UNIT '%'"),
        ],
        staleAfter: "20 minutes")
    static let step = 300
    static let faults = FaultModel(
        stream: .airFault, jitter: 20, phases: 240, lossPerMillion: 30_000,
        repeatsPerMillion: 20_000, gateways: 4)

    let sites: [Site]
    private let zones: [CityMap.Zone]
    private let noise: [Draws]

    init(drivers: Drivers, count: Int) {
        let ground = drivers.ground
        sites = ground.sites(.airStation, count: count)
        zones = sites.map { ground.map.zones[$0.zone] }
        noise = (0..<count).map { ground.mixer.draws(.airNoise, $0) }
    }

    mutating func read(at moment: Moment, into values: inout [Int]) {
        let tick = moment.time / AirDomain.step
        let activity = Fixed.multiply(
            (moment.level(.roadInbound) + moment.level(.roadOutbound)) / 2, moment.dayLevel)
        // One at 2.4 m/s, 1.6 in still air.
        let dilution = Fixed.divide(65_536, 40_000 + moment.windSpeed * 107)
        let ozoneSun = Fixed.multiply(moment.sunEarlier, Fixed.one - moment.cloud / 2)
        for sensor in sites.indices {
            let first = noise[sensor](tick, 0)
            let second = noise[sensor](tick, 1)
            let wet = Rain.wetness(moment.rain[sites[sensor].zone % CityMap.side])
            let air = moment.temperature(sealed: zones[sensor].sealed)
            // Hundredths of a microgram per cubic metre.
            let street = Fixed.multiply(
                Fixed.multiply(7_200, zones[sensor].roads), Fixed.multiply(activity, dilution))
            let dioxide = Fixed.multiply(500 + street, lognormal(first.bell, 9_000))
            let ozone =
                4_000 + Fixed.multiply(5_500, ozoneSun)
                + max(0, air - 20_000) * 22 / 100 - dioxide * 35 / 100
            let washed = Fixed.one - Fixed.multiply(22_938, wet)
            let fine = Fixed.multiply(
                Fixed.multiply(moment.haze + dioxide * 22 / 100, washed),
                lognormal(second.bell, 7_000))
            let coarse = fine * 3 / 2 + 250 + Fixed.multiply(moment.windSpeed / 4, washed)
            let row = sensor * 6
            values[row] = (fine + 5) / 10
            values[row + 1] = (coarse + 5) / 10
            values[row + 2] = (dioxide + 50) / 100
            values[row + 3] =
                (max(0, ozone + Fixed.multiply(250, first.swing)) + 50) / 100
            values[row + 4] = Fixed.floor(
                air + 50 + Fixed.multiply(200, second.swing), by: 100)
            values[row + 5] = Fixed.clamp(
                Fixed.rounded(moment.humidity + 2 * second.swing), 5, 100)
        }
    }

    /// A factor about one whose logarithm to base two is a bell of that width.
    @inline(__always)
    private func lognormal(_ bell: Int, _ width: Int) -> Int {
        Fixed.powerOfTwo(Fixed.multiply(bell, width))
    }
}
