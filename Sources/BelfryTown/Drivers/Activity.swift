/// What people do at which hour: daily curves by purpose, for working days and for free ones.
struct Activity: Sendable {
    enum Curve: Int, CaseIterable, Sendable {
        case roadInbound, roadOutbound, home, office, industry, shop, station, dwelling
    }

    private let level: Draws
    private let zone: TownZone

    init(mixer: Mixer, zone: TownZone) {
        level = mixer.draws(.dayLevel)
        self.zone = zone
    }

    /// Weekends and the fixed holidays.
    static func isFree(_ day: Int) -> Bool {
        if CivilDate.weekday(day) >= 5 { return true }
        let date = CivilDate(dayNumber: day)
        switch (date.month, date.day) {
        case (1, 1), (6, 5), (12, 24), (12, 25), (12, 26), (12, 31): return true
        default: return false
        }
    }

    /// A day's liveliness about one: one per cent of chance; a tenth less in school holidays.
    func dayLevel(_ day: Int) -> Int {
        let chance = Fixed.one + Fixed.multiply(655, level(day).bell)
        let date = CivilDate(dayNumber: day)
        let autumnHoliday = date.month == 10 && (12...19).contains(date.day)
        let holiday = date.month == 7 || autumnHoliday
        return holiday ? chance - chance / 10 : chance
    }

    /// The curve's level at a second of the local day; one is the busiest hour of a working day.
    static func level(_ curve: Curve, free: Bool, second: Int) -> Int {
        let hours = free ? freeDays[curve.rawValue] : workingDays[curve.rawValue]
        let hour = second / 3_600
        let along = second % 3_600
        let from = hours[hour % 24]
        let to = hours[(hour + 1) % 24]
        return ((from * (3_600 - along) + to * along) << 16) / 360_000
    }

    private static let workingDays: [[Int]] = [
        [
            4, 3, 2, 3, 6, 18, 48, 92, 100, 74, 58, 56, 60, 62, 64, 68, 72, 74, 60, 44, 34, 26, 16,
            9,
        ],
        [
            5, 3, 2, 2, 4, 12, 32, 62, 66, 56, 54, 58, 64, 66, 74, 90, 100, 94, 68, 48, 38, 30, 20,
            11,
        ],
        [
            45, 40, 38, 37, 38, 44, 62, 85, 75, 60, 55, 54, 58, 56, 55, 60, 74, 98, 100, 96, 90, 82,
            68, 55,
        ],
        [
            22, 22, 22, 22, 23, 28, 45, 72, 92, 98, 100, 100, 94, 98, 98, 95, 84, 60, 42, 34, 28,
            25, 23, 22,
        ],
        [
            62, 60, 60, 60, 64, 80, 96, 100, 100, 98, 97, 98, 94, 97, 98, 96, 90, 84, 80, 78, 76,
            74, 70, 66,
        ],
        [8, 6, 5, 5, 5, 6, 9, 16, 30, 48, 62, 72, 78, 76, 74, 76, 80, 78, 66, 50, 36, 26, 18, 12],
        [
            10, 9, 9, 9, 9, 11, 22, 50, 78, 90, 93, 93, 88, 90, 90, 84, 66, 44, 28, 20, 16, 13, 12,
            11,
        ],
        [
            92, 93, 94, 94, 94, 92, 84, 68, 52, 46, 44, 43, 44, 45, 48, 54, 64, 74, 80, 84, 86, 88,
            90, 91,
        ],
    ]

    private static let freeDays: [[Int]] = [
        [9, 7, 5, 4, 4, 6, 11, 18, 28, 42, 54, 60, 62, 60, 58, 56, 54, 50, 44, 36, 28, 22, 18, 13],
        [10, 8, 6, 4, 4, 5, 9, 15, 25, 38, 50, 58, 62, 62, 62, 62, 60, 56, 48, 38, 30, 25, 20, 15],
        [
            50, 44, 40, 38, 38, 40, 48, 60, 78, 88, 90, 92, 94, 88, 82, 80, 84, 94, 98, 94, 88, 82,
            72, 60,
        ],
        [
            21, 21, 21, 21, 21, 22, 23, 24, 26, 28, 29, 30, 30, 30, 29, 28, 27, 25, 24, 23, 22, 22,
            21, 21,
        ],
        [
            52, 51, 50, 50, 50, 52, 54, 55, 55, 55, 55, 55, 54, 55, 55, 54, 54, 53, 53, 52, 52, 52,
            52, 52,
        ],
        [14, 10, 8, 6, 5, 5, 6, 9, 18, 36, 58, 76, 86, 90, 88, 80, 68, 54, 44, 38, 34, 30, 24, 18],
        [
            11, 10, 10, 10, 10, 10, 11, 12, 14, 16, 18, 19, 20, 20, 19, 18, 17, 16, 15, 14, 13, 12,
            12, 11,
        ],
        [
            90, 91, 92, 92, 92, 92, 91, 88, 84, 78, 73, 70, 70, 70, 70, 71, 73, 76, 80, 83, 85, 87,
            88, 89,
        ],
    ]
}
