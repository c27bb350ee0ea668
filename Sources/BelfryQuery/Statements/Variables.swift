import BelfryCore
import BelfrySQL

/// SET, RESET and the values that SHOW tells: what a session may choose.
enum Variables {
    enum Variable: String, CaseIterable {
        case timeZone = "TimeZone"
        case statementTimeout = "statement_timeout"
        case memoryLimit = "memory_limit"
        case maxGridCells = "max_grid_cells"
        case maxResultRows = "max_result_rows"
        case onCorrupt = "on_corrupt"
        case useStatistics = "use_statistics"
        case usePacked = "use_packed"

        func text(in settings: QuerySettings) -> String {
            switch self {
            case .timeZone: settings.timeZone.name
            case .statementTimeout: "\(settings.statementTimeout)"
            case .memoryLimit: "\(settings.memoryLimit)"
            case .maxGridCells: "\(settings.maxGridCells)"
            case .maxResultRows: "\(settings.maxResultRows)"
            case .onCorrupt: settings.skipsDamage ? "skip" : "error"
            case .useStatistics: settings.usesStatistics ? "on" : "off"
            case .usePacked: settings.usesPacked ? "on" : "off"
            }
        }

        func reset(_ settings: inout QuerySettings, to defaults: QuerySettings) {
            switch self {
            case .timeZone: settings.timeZone = defaults.timeZone
            case .statementTimeout: settings.statementTimeout = defaults.statementTimeout
            case .memoryLimit: settings.memoryLimit = defaults.memoryLimit
            case .maxGridCells: settings.maxGridCells = defaults.maxGridCells
            case .maxResultRows: settings.maxResultRows = defaults.maxResultRows
            case .onCorrupt: settings.skipsDamage = defaults.skipsDamage
            case .useStatistics: settings.usesStatistics = defaults.usesStatistics
            case .usePacked: settings.usesPacked = defaults.usesPacked
            }
        }
    }

    static func variable(_ name: Name) throws(QueryError) -> Variable {
        let folded = foldedToLowerCase(name.text)
        if let found = Variable.allCases.first(where: {
            foldedToLowerCase($0.rawValue) == folded
        }) {
            return found
        }
        throw QueryError(
            "42704", "there is no setting \"\(name.text)\"", at: name.span,
            hint: Suggestion.text(for: name.text, among: Variable.allCases.map(\.rawValue))
                ?? "SHOW ALL lists them")
    }

    static func set(_ statement: SetVariable, binder: Binder, session: inout QuerySession)
        throws(QueryError) -> RunningQuery
    {
        let variable = try variable(statement.name)
        guard let expression = statement.value else {
            variable.reset(&session.settings, to: session.defaults)
            return RunningQuery(command: "SET", context: binder.context)
        }
        let value = try binder.bindConstant(expression, clause: "SET", expected: nil).value
        switch variable {
        case .timeZone:
            guard case .text(let name) = value else {
                throw QueryError("22023", "TimeZone wants a name", at: expression.span)
            }
            do {
                session.settings.timeZone = try session.zones.rules(named: name)
            } catch {
                throw QueryError("22023", error.description, at: expression.span)
            }
        case .statementTimeout:
            session.settings.statementTimeout = try milliseconds(value, at: expression.span)
        case .memoryLimit:
            let limit = try byteCount(value, at: expression.span)
            guard limit >= 1 << 16 else {
                throw QueryError(
                    "22023", "memory_limit wants at least 64 KiB", at: expression.span)
            }
            session.settings.memoryLimit = Int(limit)
        case .maxGridCells:
            session.settings.maxGridCells = Int(try count(value, at: expression.span))
        case .maxResultRows:
            session.settings.maxResultRows = try count(value, at: expression.span)
        case .onCorrupt:
            guard case .text(let word) = value, word == "error" || word == "skip" else {
                throw QueryError(
                    "22023", "on_corrupt wants 'error' or 'skip'", at: expression.span)
            }
            session.settings.skipsDamage = word == "skip"
        case .useStatistics:
            session.settings.usesStatistics = try onOrOff(value, variable, at: expression.span)
        case .usePacked:
            session.settings.usesPacked = try onOrOff(value, variable, at: expression.span)
        }
        return RunningQuery(command: "SET", context: binder.context)
    }

    static func reset(_ statement: ResetVariable, binder: Binder, session: inout QuerySession)
        throws(QueryError) -> RunningQuery
    {
        if let name = statement.name {
            try variable(name).reset(&session.settings, to: session.defaults)
        } else {
            for variable in Variable.allCases {
                variable.reset(&session.settings, to: session.defaults)
            }
        }
        return RunningQuery(command: "RESET", context: binder.context)
    }

    // MARK: - Values

    private static func onOrOff(_ value: Value, _ variable: Variable, at span: SourceSpan)
        throws(QueryError) -> Bool
    {
        switch value {
        case .boolean(let choice): return choice
        case .text("on"): return true
        case .text("off"): return false
        case .null, .text, .integer, .double, .timestamptz, .timestamp, .date, .interval:
            throw QueryError("22023", "\(variable.rawValue) wants 'on' or 'off'", at: span)
        }
    }

    private static func count(_ value: Value, at span: SourceSpan) throws(QueryError) -> Int64 {
        switch value {
        case .integer(let count) where count >= 0: return count
        case .text(let text):
            if let count = Int64(text), count >= 0 { return count }
        case .null, .boolean, .integer, .double, .timestamptz, .timestamp, .date, .interval: break
        }
        throw QueryError("22023", "a whole number from 0 up is wanted", at: span)
    }

    /// A number of milliseconds, or an interval as text.
    private static func milliseconds(_ value: Value, at span: SourceSpan) throws(QueryError)
        -> Int64
    {
        var interval: Interval?
        if case .interval(let given) = value { interval = given }
        if case .text(let text) = value, Int64(text) == nil { interval = Interval(text) }
        if let interval {
            if let nanoseconds = interval.elapsedNanoseconds(dayIs24Hours: true),
                nanoseconds >= 0
            {
                return nanoseconds / 1_000_000
            }
            throw QueryError("22023", "a length of time is wanted, such as '5 seconds'", at: span)
        }
        let result = try count(value, at: span)
        return min(result, Int64.max / 4_000_000)
    }

    /// A number of bytes, or text with a unit: '512MB'.
    private static func byteCount(_ value: Value, at span: SourceSpan) throws(QueryError) -> Int64 {
        guard case .text(let text) = value, Int64(text) == nil else {
            return try count(value, at: span)
        }
        let upper = text.uppercased().filter { $0 != " " }
        let units: [(String, Int64)] = [
            ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("KB", 1 << 10),
            ("MB", 1 << 20), ("GB", 1 << 30), ("B", 1),
        ]
        for (unit, factor) in units where upper.hasSuffix(unit) {
            guard let number = Int64(upper.dropLast(unit.count)), number >= 0 else { break }
            let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
            if !overflow { return bytes }
            break
        }
        throw QueryError("22023", "a number of bytes is wanted, such as '512MB'", at: span)
    }
}
