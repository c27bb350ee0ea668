/// A day of the Gregorian calendar, and its number since 1970-01-01.
struct CivilDate: Equatable, Sendable {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date of a day number: counted in years from March, so that the leap day comes last.
    init(dayNumber: Int) {
        let shifted = dayNumber + 719_468
        let era = Fixed.floor(shifted, by: 146_097)
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        day = ofYear - (153 * fromMarch + 2) / 5 + 1
        month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Reads `2025-10-06`; nil for anything else, and for days that do not exist.
    init?(text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2
        else { return nil }
        var numbers: [Int] = []
        for part in parts {
            var number = 0
            for digit in part {
                guard digit >= 48, digit <= 57 else { return nil }
                number = number * 10 + Int(digit - 48)
            }
            numbers.append(number)
        }
        let date = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2])
        guard (1...12).contains(date.month), (1...31).contains(date.day),
            CivilDate(dayNumber: date.dayNumber) == date
        else { return nil }
        self = date
    }

    var dayNumber: Int {
        let fromMarch = month > 2 ? month - 3 : month + 9
        let marchYear = month > 2 ? year : year - 1
        let era = Fixed.floor(marchYear, by: 400)
        let yearOfEra = marchYear - era * 400
        let ofYear = (153 * fromMarch + 2) / 5 + day - 1
        let ofEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear
        return era * 146_097 + ofEra - 719_468
    }

    /// 0 for Monday to 6 for Sunday.
    static func weekday(_ dayNumber: Int) -> Int {
        let shifted = dayNumber + 3
        return shifted - Fixed.floor(shifted, by: 7) * 7
    }

    /// `2025-10-06`.
    var text: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))"
    }
}
