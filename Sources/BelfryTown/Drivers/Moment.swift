/// All that the city does at one instant, worked out once for every sensor that looks at it.
struct Moment: Sendable {
    var time: Int
    var localDay: Int
    var localSecond: Int
    /// A weekend or a holiday.
    var isFree: Bool
    var dayLevel: Int

    /// Sine of the sun's height, now and an hour ago.
    var sun: Int
    var sunEarlier: Int
    var darkness: Int
    var cloud: Int
    /// Thousandths of a degree, now and an hour ago.
    var temperature: Int
    var temperatureEarlier: Int
    /// Hundredths of a metre a second; a turn.
    var windSpeed: Int
    var windDirection: Int
    /// Tenths of a hectopascal; per cent with 16 bits behind the point.
    var pressure: Int
    var humidity: Int
    /// Regional fine dust in hundredths of a microgram per cubic metre.
    var haze: Int
    /// Thousandths of a millimetre an hour, by column of zones from the west.
    var rain: [Int]

    /// Events of yesterday and today; incidents not cleared yet.
    var events: [CityEvent]
    var incidents: [Incident]

    func level(_ curve: Activity.Curve) -> Int {
        Activity.level(curve, free: isFree, second: localSecond)
    }

    /// The temperature in a zone: a sealed surface keeps the warmth by night.
    func temperature(sealed: Int) -> Int {
        temperature + Fixed.multiply(1_200, Fixed.multiply(sealed, darkness))
    }
}
