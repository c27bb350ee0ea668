/// A length of time as months, days and nanoseconds; what a bucket is made of.
///
/// The three parts stay apart because neither a month nor a day has a fixed length. `==` compares
/// the parts; SQL's comparison, where a month is 30 days and a day 24 hours, is `sortKey`.
@frozen
public struct Interval: Sendable, Hashable {
    public var months: Int32
    public var days: Int32
    public var nanoseconds: Int64

    @inlinable
    public init(months: Int32 = 0, days: Int32 = 0, nanoseconds: Int64 = 0) {
        self.months = months
        self.days = days
        self.nanoseconds = nanoseconds
    }

    public static let zero = Interval()

    /// What SQL compares, orders and groups intervals by: nanoseconds with 30-day months.
    @inlinable public var sortKey: Int128 {
        (Int128(months) * 30 + Int128(days)) * 86_400_000_000_000 + Int128(nanoseconds)
    }

    /// The elapsed time this always is: nil with months or with days unless a day is taken as 24
    /// hours (as TOLERANCE does), and beyond Int64.
    @inlinable
    public func elapsedNanoseconds(dayIs24Hours: Bool) -> Int64? {
        guard months == 0, dayIs24Hours || days == 0 else { return nil }
        let (sum, overflow) = (Int64(days) * 86_400_000_000_000)
            .addingReportingOverflow(nanoseconds)
        return overflow ? nil : sum
    }

    /// Sum, difference, multiples: nil beyond the range of a part.
    public func adding(_ other: Interval) -> Interval? {
        let (months, overflow1) = self.months.addingReportingOverflow(other.months)
        let (days, overflow2) = self.days.addingReportingOverflow(other.days)
        let (rest, overflow3) = nanoseconds.addingReportingOverflow(other.nanoseconds)
        if overflow1 || overflow2 || overflow3 { return nil }
        return Interval(months: months, days: days, nanoseconds: rest)
    }

    public func negated() -> Interval? { Interval.zero.subtracting(self) }

    public func subtracting(_ other: Interval) -> Interval? {
        let (months, overflow1) = self.months.subtractingReportingOverflow(other.months)
        let (days, overflow2) = self.days.subtractingReportingOverflow(other.days)
        let (rest, overflow3) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        if overflow1 || overflow2 || overflow3 { return nil }
        return Interval(months: months, days: days, nanoseconds: rest)
    }

    /// Fractions of a month become days (30 a month), fractions of a day time, as in PostgreSQL.
    public func multiplied(by factor: Double) -> Interval? {
        let months = Double(self.months) * factor
        let wholeMonths = months.rounded(.towardZero)
        let days = Double(self.days) * factor + (months - wholeMonths) * 30
        let wholeDays = days.rounded(.towardZero)
        let rest =
            (Double(nanoseconds) * factor + (days - wholeDays) * 86_400e9)
            .rounded(.toNearestOrEven)
        guard let monthCount = Int32(exactly: wholeMonths),
            let dayCount = Int32(exactly: wholeDays),
            let nanosecondCount = Int64(exactly: rest)
        else { return nil }
        return Interval(months: monthCount, days: dayCount, nanoseconds: nanosecondCount)
    }
}
