import BelfryCore

/// Values of every type from text, as PostgreSQL reads them.
enum TextReading {
    static func value(_ text: String, as type: DataType, _ environment: EvaluationEnvironment)
        throws(QueryError) -> Value
    {
        switch type {
        case .unknown, .text: return .text(text)
        case .boolean: return .boolean(try boolean(text))
        case .smallint, .integer, .bigint: return .integer(try integer(text, type))
        case .double: return .double(try double(text))
        case .timestamptz: return .timestamptz(try instant(text, environment))
        case .timestamp: return .timestamp(try wall(text, environment))
        case .date: return .date(try day(text, environment))
        case .interval: return .interval(try interval(text))
        }
    }

    private static func invalid(_ text: String, _ type: DataType, code: String = "22P02")
        -> QueryError
    {
        QueryError(code, "invalid input syntax for type \(type.name): \"\(text)\"")
    }

    static func boolean(_ text: String) throws(QueryError) -> Bool {
        let word = trimmed(text).lowercased()
        if word == "on" || word == "1" { return true }
        if word == "off" || word == "of" || word == "0" { return false }
        if !word.isEmpty {
            if "true".hasPrefix(word) || "yes".hasPrefix(word) { return true }
            if "false".hasPrefix(word) || "no".hasPrefix(word) { return false }
        }
        throw invalid(text, .boolean)
    }

    static func integer(_ text: String, _ type: DataType) throws(QueryError) -> Int64 {
        let digits = trimmed(text)
        if let value = Int64(digits) {
            guard isInRange(value, of: type) else { throw outOfRange(text, type) }
            return value
        }
        let unsigned =
            digits.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } == true
            ? digits.dropFirst() : digits[...]
        if !unsigned.isEmpty && unsigned.utf8.allSatisfy({ $0 &- 48 < 10 }) {
            throw outOfRange(text, type)
        }
        throw invalid(text, type)
    }

    private static func outOfRange(_ text: String, _ type: DataType) -> QueryError {
        QueryError("22003", "value \"\(text)\" is out of range for type \(type.name)")
    }

    static func isInRange(_ value: Int64, of type: DataType) -> Bool {
        switch type {
        case .smallint: Int16(exactly: value) != nil
        case .integer: Int32(exactly: value) != nil
        case .unknown, .boolean, .bigint, .double, .text, .timestamptz, .timestamp, .date,
            .interval:
            true
        }
    }

    static func double(_ text: String) throws(QueryError) -> Double {
        let number = trimmed(text)
        let isPlain = number.utf8.allSatisfy {
            $0 &- 48 < 10 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "+") || $0 | 0x20 == UInt8(ascii: "e")
        }
        if isPlain, let value = Double(number) {
            guard value.isFinite else { throw outOfRange(text, .double) }
            if value == 0 {
                let mantissa = number.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }
                if mantissa.contains(where: { $0 &- 49 < 9 }) { throw outOfRange(text, .double) }
            }
            return value
        }
        switch number.lowercased() {
        case "nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: throw invalid(text, .double)
        }
    }

    static func instant(_ text: String, _ environment: EvaluationEnvironment) throws(QueryError)
        -> Timestamp
    {
        if let time = Timestamp(text, in: environment.zone) { return time }
        if let time = try namedZoneInstant(text, environment) { return time }
        if let wall = word(text, environment) {
            if trimmed(text).lowercased() == "now" { return environment.now }
            if trimmed(text).lowercased() == "epoch" { return Timestamp(nanoseconds: 0) }
            return environment.zone.instant(ofWall: wall)
        }
        throw invalid(text, .timestamptz, code: "22007")
    }

    /// `2014-08-01 07:50 Europe/Copenhagen`
    private static func namedZoneInstant(_ text: String, _ environment: EvaluationEnvironment)
        throws(QueryError) -> Timestamp?
    {
        guard let space = text.lastIndex(of: " ") else { return nil }
        let name = String(text[text.index(after: space)...])
        guard let wall = TimeText(String(text[..<space])), wall.offsetSeconds == nil,
            name.utf8.first.map({ ($0 | 0x20) &- 97 < 26 }) == true
        else { return nil }
        return wall.instant(in: try zone(name, environment))
    }

    static func wall(_ text: String, _ environment: EvaluationEnvironment) throws(QueryError)
        -> Timestamp
    {
        // An offset in the text is read and has no meaning, as in PostgreSQL.
        if let time = TimeText(text) { return Timestamp(nanoseconds: time.wall) }
        if let wall = word(text, environment) { return Timestamp(nanoseconds: wall) }
        throw invalid(text, .timestamp, code: "22007")
    }

    static func day(_ text: String, _ environment: EvaluationEnvironment) throws(QueryError)
        -> Int64
    {
        if let day = Calendar.day(text.utf8.span) { return day }
        if let wall = word(text, environment) { return Calendar.day(ofWall: wall) }
        throw invalid(text, .date, code: "22007")
    }

    /// `now`, `today`, `tomorrow`, `yesterday`, `epoch` on the session's wall clock.
    private static func word(_ text: String, _ environment: EvaluationEnvironment) -> Int64? {
        let now = environment.now.wallNanoseconds(in: environment.zone)
        let today = Calendar.truncating(wall: now, to: .day)
        switch trimmed(text).lowercased() {
        case "now": return now
        case "today": return today
        case "tomorrow": return today &+ Calendar.nanosecondsPerDay
        case "yesterday": return today &- Calendar.nanosecondsPerDay
        case "epoch": return 0
        default: return nil
        }
    }

    static func interval(_ text: String) throws(QueryError) -> Interval {
        guard let value = Interval(text) else { throw invalid(text, .interval, code: "22007") }
        return value
    }

    static func zone(_ name: String, _ environment: EvaluationEnvironment) throws(QueryError)
        -> TimeZoneRules
    {
        do {
            return try environment.zones.rules(named: name)
        } catch {
            throw QueryError("22023", error.description)
        }
    }

    static func trimmed(_ text: String) -> String {
        let bytes = text.utf8
        func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte &- 9 < 5 }
        guard let first = bytes.first, let last = bytes.last, isSpace(first) || isSpace(last)
        else { return text }
        var slice = Array(bytes)[...]
        while let byte = slice.first, isSpace(byte) { slice.removeFirst() }
        while let byte = slice.last, isSpace(byte) { slice.removeLast() }
        return String(decoding: slice, as: UTF8.self)
    }
}
