import BelfryCore
import BelfrySQL
import BelfryStorage

/// CREATE TABLE: a definition checked and made a schema.
struct TableDefinition {
    private let definition: CreateTable
    private let sql: String
    private let binder: Binder

    /// - Parameter sql: the text whose parts become DEFAULT expressions.
    init(_ definition: CreateTable, sql: String, binder: Binder) {
        self.definition = definition
        self.sql = sql
        self.binder = binder
    }

    func create(in store: Store) throws(QueryError) -> RunningQuery {
        let name = try Self.newTableName(definition.name)
        var warnings: [String] = []
        if binder.catalog.table(named: name) != nil {
            guard definition.isIfNotExists else {
                throw QueryError(
                    "42P07", "table \"\(name)\" exists already", at: definition.name.span)
            }
            warnings.append("table \"\(name)\" exists already, nothing was done")
        } else {
            let schema = try schema(named: name)
            do {
                _ = try store.createTable(schema, ifNotExists: definition.isIfNotExists)
            } catch {
                throw QueryError(error)
            }
        }
        return RunningQuery(
            command: "CREATE TABLE", context: binder.context, warnings: warnings)
    }

    static let columnCountLimit = 1024
    static let nameByteCountLimit = 255

    static func newTableName(_ name: QualifiedName) throws(QueryError) -> String {
        if let schema = name.schema, schema.folded != "public" {
            throw QueryError(
                "3F000", "there is no schema \"\(schema.text)\"", at: schema.span,
                hint: "all tables are in public")
        }
        try check(name.name)
        return name.name.folded
    }

    static func check(_ name: Name) throws(QueryError) {
        if name.text.isEmpty || name.text.utf8.count > nameByteCountLimit {
            throw QueryError(
                "42622", "a name has 1 to \(nameByteCountLimit) bytes", at: name.span)
        }
    }

    // MARK: - Schema

    private func schema(named name: String) throws(QueryError) -> TableSchema {
        guard definition.columns.count <= Self.columnCountLimit else {
            throw QueryError(
                "54011", "a table has at most \(Self.columnCountLimit) columns",
                at: definition.columns[Self.columnCountLimit].span)
        }
        var columns: [ColumnSchema] = []
        for column in definition.columns {
            let made = try Self.column(column, sql: sql, binder: binder)
            let folded = foldedToLowerCase(made.name)
            if columns.contains(where: { foldedToLowerCase($0.name) == folded }) {
                throw QueryError(
                    "42701", "column \"\(made.name)\" is defined twice", at: column.name.span)
            }
            columns.append(made)
        }
        let times = definition.columns.filter(\.isTimeKey)
        if times.count > 1 {
            throw QueryError("42P16", "a table has one TIME KEY", at: times[1].span)
        }
        let isReference = times.isEmpty
        if isReference, let tag = definition.columns.first(where: \.isTag) {
            throw QueryError(
                "42P16", "a table with tags needs a TIME KEY", at: tag.span,
                hint: "declare a column `time TIMESTAMPTZ TIME KEY`, or leave TAG out")
        }
        let key = try primaryKey(columns)
        if !isReference && !key.isEmpty {
            throw QueryError(
                "42P16", "a table of readings has no PRIMARY KEY",
                at: definition.primaryKey?.span
                    ?? definition.columns.first(where: \.isPrimaryKey)?.span,
                hint: "its rows are known by their tags and time")
        }
        for index in key { columns[index].isNotNull = true }
        return TableSchema(
            name: name, columns: columns, primaryKey: key,
            options: try Self.options(
                definition.options, isReference: isReference, hasKey: !key.isEmpty))
    }

    private func primaryKey(_ columns: [ColumnSchema]) throws(QueryError) -> [Int] {
        let marked = definition.columns.indices.filter { definition.columns[$0].isPrimaryKey }
        guard let constraint = definition.primaryKey else {
            if marked.count > 1 {
                throw QueryError(
                    "42P16", "a table has one PRIMARY KEY", at: definition.columns[marked[1]].span,
                    hint: "for several columns: PRIMARY KEY (a, b)")
            }
            return marked
        }
        if let twice = marked.first {
            throw QueryError(
                "42P16", "a table has one PRIMARY KEY", at: definition.columns[twice].span)
        }
        var key: [Int] = []
        for name in constraint.columns {
            guard let index = columns.firstIndex(where: { name.matches($0.name) }) else {
                throw QueryError(
                    "42703", "PRIMARY KEY names no column: \"\(name.text)\"", at: name.span,
                    hint: Suggestion.text(for: name.text, among: columns.map(\.name)))
            }
            if key.contains(index) {
                throw QueryError(
                    "42701", "column \"\(name.text)\" is named twice", at: name.span)
            }
            key.append(index)
        }
        return key
    }

    static func column(_ definition: ColumnDefinition, sql: String, binder: Binder)
        throws(QueryError) -> ColumnSchema
    {
        try check(definition.name)
        let type = try Coercion.dataType(definition.type)
        if type == .interval || type == .unknown {
            throw QueryError(
                "0A000", "a column cannot be of type \(definition.type.word.rawValue)",
                at: definition.type.span)
        }
        let role: ColumnRole = definition.isTimeKey ? .time : definition.isTag ? .tag : .field
        if role == .time && type != .timestamptz {
            throw QueryError(
                "42804", "a TIME KEY is a TIMESTAMPTZ, not \(type.name)",
                at: definition.type.span)
        }
        if role == .tag && type != .text {
            throw QueryError("42804", "a TAG is TEXT, not \(type.name)", at: definition.type.span)
        }
        if definition.isTag && definition.isTimeKey {
            throw QueryError(
                "42P16", "a column is the TIME KEY or a TAG, not both", at: definition.span)
        }
        var kind: ColumnKind?
        if let clause = definition.kind {
            if role != .field {
                throw QueryError("42P16", "only fields have a kind", at: clause.span)
            }
            kind = try Self.kind(clause, type: type)
        }
        var defaultText: String?
        if let value = definition.defaultValue {
            if role != .field {
                throw QueryError("42P16", "only fields have a DEFAULT", at: value.span)
            }
            defaultText = try Self.defaultText(value, type: type, sql: sql, binder: binder)
        }
        return ColumnSchema(
            name: definition.name.folded, type: type, role: role, kind: kind,
            unit: definition.unit?.text, isNotNull: definition.isNotNull || role == .time,
            defaultText: defaultText)
    }

    /// The SQL of a DEFAULT that a column of the type takes.
    static func defaultText(
        _ value: Expression, type: DataType, sql: String, binder: Binder
    ) throws(QueryError) -> String {
        let bound = try binder.bindConstant(value, clause: "DEFAULT", expected: type)
        _ = try binder.coerced(
            .constant(bound.value, bound.type), to: type, .assignment, at: value.span)
        return text(at: value.span, of: sql)
    }

    private static func text(at span: SourceSpan, of sql: String) -> String {
        String(decoding: Array(sql.utf8)[span.startOffset..<span.endOffset], as: UTF8.self)
    }

    static func kind(_ clause: ColumnKindClause, type: DataType) throws(QueryError) -> ColumnKind {
        if clause.word != .state && !type.isNumeric {
            throw QueryError(
                "42804", "\(clause.word.rawValue) is for numbers, not for \(type.name)",
                at: clause.span)
        }
        switch clause.word {
        case .gauge: return .gauge
        case .counter: return .counter
        case .state: return .state
        case .delta: return .delta(per: try clause.per.map(positiveInterval))
        }
    }

    /// - Parameter hasKey: rows of a reference table are known by a primary key.
    private static func options(
        _ options: BelfrySQL.TableOptions, isReference: Bool, hasKey: Bool
    ) throws(QueryError) -> BelfryCore.TableOptions {
        var result = BelfryCore.TableOptions()
        if isReference { result.duplicateRule = hasKey ? .error : .append }
        try apply(options, to: &result, isReference: isReference, hasKey: hasKey)
        return result
    }

    /// Changes the options that the clauses name.
    static func apply(
        _ options: BelfrySQL.TableOptions, to result: inout BelfryCore.TableOptions,
        isReference: Bool, hasKey: Bool
    ) throws(QueryError) {
        if isReference {
            let isPlain =
                options.partition == nil && options.retain == nil && options.staleAfter == nil
                && options.horizon == nil
            if !isPlain {
                throw QueryError(
                    "42P16",
                    "PARTITION BY, RETAIN, STALE AFTER and HORIZON are for tables with a TIME KEY",
                    at: options.span)
            }
            if let rule = options.onDuplicate, (rule == .append) == hasKey {
                throw QueryError(
                    "42P16",
                    hasKey
                        ? "a table with a PRIMARY KEY has one row a key"
                        : "rows without a PRIMARY KEY are never duplicates", at: options.span,
                    hint: hasKey
                        ? "leave out PRIMARY KEY, or ON DUPLICATE APPEND"
                        : "a PRIMARY KEY tells which rows are the same")
            }
        }
        switch options.partition {
        case nil: break
        case .day: result.partitionWidth = .day
        case .month: result.partitionWidth = .month
        case .year: result.partitionWidth = .year
        case .hour, .week:
            throw QueryError(
                "0A000", "partitions are a DAY, a MONTH or a YEAR wide", at: options.span)
        }
        if let retain = options.retain { result.retain = try positiveInterval(retain) }
        if let stale = options.staleAfter { result.staleAfter = try elapsedInterval(stale) }
        if let horizon = options.horizon { result.horizon = try elapsedInterval(horizon) }
        if let rule = options.onDuplicate {
            result.duplicateRule = BelfryCore.DuplicateRule(rule)
        }
    }

    private static func positiveInterval(_ literal: TextLiteral) throws(QueryError) -> Interval {
        guard let interval = Interval(literal.text) else {
            throw QueryError(
                "22007", "'\(literal.text)' is no interval", at: literal.span,
                hint: "such as '15 minutes' or '400 days'")
        }
        guard interval.sortKey > 0 else {
            throw QueryError("22023", "an interval longer than 0 is wanted", at: literal.span)
        }
        return interval
    }

    /// A length of time that is always the same; a day is 24 hours.
    private static func elapsedInterval(_ literal: TextLiteral) throws(QueryError) -> Interval {
        let interval = try positiveInterval(literal)
        guard interval.elapsedNanoseconds(dayIs24Hours: true) != nil else {
            throw QueryError(
                "22023", "months have no fixed length: '\(literal.text)'", at: literal.span,
                hint: "say it in days or hours")
        }
        return interval
    }
}
