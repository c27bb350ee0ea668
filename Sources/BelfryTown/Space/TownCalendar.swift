/// The local days that a run covers, and where they begin.
struct TownCalendar: Sendable {
    let firstDay: Int
    let clock: TownZone
    /// Midnights, and the end of the last day.
    let begins: [Int]

    init(firstDay: Int, days: Int, clock: TownZone) {
        self.firstDay = firstDay
        self.clock = clock
        begins = (0...days).map { clock.midnight(ofDay: firstDay + $0) }
    }

    var dayCount: Int { begins.count - 1 }
    var period: Range<Int> { begins[0]..<begins[dayCount] }

    /// The number of the run's day that an instant of the run falls in.
    @inline(__always)
    func day(of time: Int) -> Int {
        var day = min((time - begins[0]) / 86_400, dayCount - 1)
        if time < begins[day] { day -= 1 } else if time >= begins[day + 1] { day += 1 }
        return Fixed.clamp(day, 0, dayCount - 1)
    }

    func date(_ number: Int) -> String { CivilDate(dayNumber: firstDay + number).text }

    /// Midnight of a day of the run as SQL reads it: `2025-10-06 00:00:00+02:00`.
    func midnightText(_ number: Int) -> String {
        "\(date(number)) 00:00:00\(clock.offsetText(at: begins[number]))"
    }
}
