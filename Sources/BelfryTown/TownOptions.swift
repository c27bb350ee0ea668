/// How large a town is: the share of the whole city's sensors, and how many days.
package enum TownProfile: String, CaseIterable, Sendable {
    case small = "S"
    case medium = "M"
    case large = "L"
    case extraLarge = "XL"

    package var days: Int {
        switch self {
        case .small: 2
        case .medium: 4
        case .large: 7
        case .extraLarge: 35
        }
    }

    /// How many of the city's sensors this profile has, of at least so many.
    func sensors(of all: Int, atLeast least: Int) -> Int {
        let perThousand =
            switch self {
            case .small: 20
            case .medium: 100
            case .large: 500
            case .extraLarge: 1_000
            }
        return min(all, max(least, all * perThousand / 1_000))
    }
}

/// Which town: the same options make the same bytes everywhere.
package struct TownOptions: Sendable {
    package var profile: TownProfile
    package var seed: UInt64
    package var zone: TownZone
    /// The number of the first local day since 1970-01-01.
    package var firstDay: Int
    package var days: Int

    /// The town of the quickstart: mild October days with showers and a large crowd.
    package static let defaultSeed: UInt64 = 19

    /// Twenty days before the autumn clock change of 2025, so that 35 days cross it.
    package static let defaultFirstDay = CivilDate(year: 2025, month: 10, day: 6).dayNumber

    package init(
        profile: TownProfile = .small, seed: UInt64 = TownOptions.defaultSeed,
        zone: TownZone = .copenhagen,
        firstDay: Int = TownOptions.defaultFirstDay, days: Int? = nil
    ) {
        self.profile = profile
        self.seed = seed
        self.zone = zone
        self.firstDay = firstDay
        self.days = max(1, days ?? profile.days)
    }

    /// Reads a start as `2025-10-06`; nil for other texts, and outside 1970 to 2200.
    package static func firstDay(from text: String) -> Int? {
        guard let date = CivilDate(text: text), (1970...2200).contains(date.year) else {
            return nil
        }
        return date.dayNumber
    }
}
