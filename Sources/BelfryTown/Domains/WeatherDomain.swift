/// Weather stations: a reading a minute of all that the sky does.
struct WeatherDomain: Domain {
    static let table = TownTable(
        name: "weather", tag: "station",
        fields: [
            TownField(name: "temperature", decimals: 1, declaration: "DOUBLE GAUGE UNIT '°C'"),
            TownField(name: "humidity", decimals: 0, declaration: "DOUBLE GAUGE UNIT '%'"),
            TownField(name: "pressure", decimals: 1, declaration: "DOUBLE GAUGE UNIT 'hPa'"),
            TownField(name: "wind_speed", decimals: 1, declaration: "DOUBLE GAUGE UNIT 'm/s'"),
            TownField(name: "wind_direction", decimals: 0, declaration: "DOUBLE GAUGE UNIT '°'"),
            TownField(
                name: "rain", decimals: 1, declaration: "DOUBLE DELTA PER '1 minute' UNIT 'mm'"),
            TownField(name: "solar", decimals: 0, declaration: "DOUBLE GAUGE UNIT 'W/m²'"),
            TownField(name: "uv", decimals: 1, declaration: "DOUBLE GAUGE"),
        ],
        staleAfter: "10 minutes")
    static let step = 60
    static let faults = FaultModel(
        stream: .weatherFault, jitter: 2, phases: 50, lossPerMillion: 5_000,
        repeatsPerMillion: 5_000, gateways: 3)

    let sites: [Site]
    private let sealed: [Int]
    private let noise: [Draws]

    init(drivers: Drivers, count: Int) {
        let ground = drivers.ground
        sites = ground.sites(.weatherStation, count: count)
        sealed = sites.map { ground.map.zones[$0.zone].sealed }
        noise = (0..<count).map { ground.mixer.draws(.weatherNoise, $0) }
    }

    mutating func read(at moment: Moment, into values: inout [Int]) {
        let tick = moment.time / WeatherDomain.step
        let clear = Fixed.multiply(moment.sun, Fixed.one - Fixed.multiply(49_152, moment.cloud))
        for sensor in sites.indices {
            let first = noise[sensor](tick, 0)
            let second = noise[sensor](tick, 1)
            let third = noise[sensor](tick, 2)
            let column = sites[sensor].zone % CityMap.side
            let row = sensor * 8
            let air = moment.temperature(sealed: sealed[sensor])
            // Noise of a twentieth of a degree, the resolution a tenth.
            values[row] = Fixed.floor(
                air + 50 + Fixed.multiply(50, first.bell), by: 100)
            values[row + 1] = min(
                100, Fixed.rounded(moment.humidity + Fixed.multiply(32_768, second.bell)))
            values[row + 2] =
                moment.pressure + Fixed.rounded(Fixed.multiply(19_661, third.bell))
            // Gusts of a fifth of the speed.
            let gust = Fixed.multiply(moment.windSpeed, Fixed.multiply(13_107, third.swing))
            values[row + 3] = max(0, (moment.windSpeed + gust + 5) / 10)
            let swing = Fixed.multiply(2_000, second.swing)
            values[row + 4] = (((moment.windDirection + swing) & 65_535) * 360) >> 16
            // Thousandths of a millimetre in this minute, as tips of a fifth of a millimetre.
            let amount = moment.rain[column] / 60
            values[row + 5] = 2 * ((amount + first.below(200)) / 200)
            values[row + 6] = max(
                0, Fixed.multiply(1_050, clear) + Fixed.multiply(clear / 4_000, first.swing))
            values[row + 7] = Fixed.multiply(
                95, Fixed.multiply(clear, Fixed.multiply(moment.sun, Fixed.one + moment.sun / 4)))
        }
    }
}
