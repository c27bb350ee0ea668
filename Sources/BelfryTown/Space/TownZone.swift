/// Where the town stands: its clock, whose rules are written out here, and its place on the globe.
///
/// The rules stand in the generator so that no edition of a time zone database changes a bit.
package enum TownZone: String, CaseIterable, Sendable {
    case copenhagen = "Europe/Copenhagen"
    case newYork = "America/New_York"
    case kolkata = "Asia/Kolkata"
    case lordHowe = "Australia/Lord_Howe"

    /// Seconds that the wall clock is ahead of UTC at an instant.
    package func offset(at time: Int) -> Int {
        let year = CivilDate(dayNumber: Fixed.floor(time + standardOffset, by: 86_400)).year
        switch self {
        case .copenhagen:
            let begin = TownZone.lastSunday(year, 3) * 86_400 + 3_600
            let end = TownZone.lastSunday(year, 10) * 86_400 + 3_600
            return time >= begin && time < end ? 7_200 : 3_600
        case .newYork:
            let begin = TownZone.sunday(2, year, 3) * 86_400 + 7 * 3_600
            let end = TownZone.sunday(1, year, 11) * 86_400 + 6 * 3_600
            return time >= begin && time < end ? -14_400 : -18_000
        case .kolkata:
            return 19_800
        case .lordHowe:
            let end = TownZone.sunday(1, year, 4) * 86_400 + 7_200 - 39_600
            let begin = TownZone.sunday(1, year, 10) * 86_400 + 7_200 - 37_800
            return time < end || time >= begin ? 39_600 : 37_800
        }
    }

    /// The instant at which a day begins on the wall clock (no zone here changes at midnight).
    package func midnight(ofDay dayNumber: Int) -> Int {
        let wall = dayNumber * 86_400
        return wall - offset(at: wall - standardOffset)
    }

    /// `+02:00` as it holds at an instant.
    package func offsetText(at time: Int) -> String {
        let offset = offset(at: time)
        let minutes = (offset < 0 ? -offset : offset) / 60
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
    }

    var standardOffset: Int {
        switch self {
        case .copenhagen: 3_600
        case .newYork: -18_000
        case .kolkata: 19_800
        case .lordHowe: 37_800
        }
    }

    /// The place and its climate.
    var place: Place {
        switch self {
        case .copenhagen:
            Place(
                latitude: 56_160_000, longitude: 10_200_000, sine: 54_434, cosine: 36_495,
                zoneWidth: 8_066, meanTemperature: 8_500, yearlySwing: 9_500)
        case .newYork:
            Place(
                latitude: 40_710_000, longitude: -74_010_000, sine: 42_745, cosine: 49_678,
                zoneWidth: 5_926, meanTemperature: 12_500, yearlySwing: 11_500)
        case .kolkata:
            Place(
                latitude: 22_570_000, longitude: 88_360_000, sine: 25_153, cosine: 60_517,
                zoneWidth: 4_865, meanTemperature: 25_500, yearlySwing: 5_000)
        case .lordHowe:
            Place(
                latitude: -31_550_000, longitude: 159_080_000, sine: -34_291, cosine: 55_849,
                zoneWidth: 5_271, meanTemperature: 18_500, yearlySwing: -3_500)
        }
    }

    private static func lastSunday(_ year: Int, _ month: Int) -> Int {
        let last = CivilDate(year: year, month: month, day: 31).dayNumber
        return last - (CivilDate.weekday(last) + 1) % 7
    }

    private static func sunday(_ number: Int, _ year: Int, _ month: Int) -> Int {
        let first = CivilDate(year: year, month: month, day: 1).dayNumber
        return first + (6 - CivilDate.weekday(first)) + (number - 1) * 7
    }
}

/// A point on the globe and what its year is like.
struct Place: Sendable {
    /// Of the town's centre, in millionths of a degree.
    var latitude: Int
    var longitude: Int
    /// Of the latitude.
    var sine: Int
    var cosine: Int
    /// Half a kilometre eastwards, in millionths of a degree.
    var zoneWidth: Int
    /// Thousandths of a degree Celsius; the swing is negative in the south.
    var meanTemperature: Int
    var yearlySwing: Int
}
