/// A statement of the syntax tree.
package indirect enum Statement: Sendable {
    case query(Query)
    case explain(Explain)
    case createTable(CreateTable)
    case createTableAs(CreateTableAs)
    case dropTable(DropTable)
    case alterTable(AlterTable)
    case truncate(QualifiedName)
    case insert(Insert)
    case update(Update)
    case delete(Delete)
    case set(SetVariable)
    case reset(ResetVariable)
    case show(Show)
    case describe(QualifiedName)
    case summarize(QualifiedName)
    case transaction(Transaction)
    /// CHECKPOINT: what is in memory goes to a segment.
    case checkpoint
    /// CONFIRM CLOCK: an operator says that the wall clock is right.
    case confirmClock
}

/// A statement and where it stood in the text, without its semicolon.
package struct ParsedStatement: Sendable {
    package let statement: Statement
    package let span: SourceSpan
    /// Each parameter once, in order of first appearance.
    package let parameters: [ParameterReference]

    package init(statement: Statement, span: SourceSpan, parameters: [ParameterReference]) {
        self.statement = statement
        self.span = span
        self.parameters = parameters
    }
}

/// `EXPLAIN [ANALYZE] statement`.
package struct Explain: Sendable {
    package let isAnalyze: Bool
    package let statement: Statement

    package init(isAnalyze: Bool, statement: Statement) {
        self.isAnalyze = isAnalyze
        self.statement = statement
    }
}

/// A string that stood in a definition: an interval, a unit.
package struct TextLiteral: Sendable {
    package let text: String
    package let span: SourceSpan

    package init(_ text: String, span: SourceSpan) {
        self.text = text
        self.span = span
    }
}

package struct CreateTable: Sendable {
    package let name: QualifiedName
    package let isIfNotExists: Bool
    package let columns: [ColumnDefinition]
    /// Of the table constraint; a column's own is in its definition.
    package let primaryKey: PrimaryKey?
    package let options: TableOptions

    package init(
        name: QualifiedName, isIfNotExists: Bool, columns: [ColumnDefinition],
        primaryKey: PrimaryKey?, options: TableOptions
    ) {
        self.name = name
        self.isIfNotExists = isIfNotExists
        self.columns = columns
        self.primaryKey = primaryKey
        self.options = options
    }
}

/// `PRIMARY KEY (a, b)`.
package struct PrimaryKey: Sendable {
    package let columns: [Name]
    package let span: SourceSpan

    package init(columns: [Name], span: SourceSpan) {
        self.columns = columns
        self.span = span
    }
}

package struct ColumnDefinition: Sendable {
    package let name: Name
    package let type: TypeName
    package var isTimeKey = false
    package var isTag = false
    package var kind: ColumnKindClause?
    package var unit: TextLiteral?
    package var isNotNull = false
    package var isPrimaryKey = false
    package var defaultValue: Expression?
    package var span: SourceSpan

    package init(name: Name, type: TypeName, span: SourceSpan) {
        self.name = name
        self.type = type
        self.span = span
    }
}

/// `GAUGE`, `COUNTER`, `DELTA [PER 'interval']` or `STATE`.
package struct ColumnKindClause: Sendable {
    package enum Word: String, Sendable, CaseIterable {
        case gauge = "GAUGE"
        case counter = "COUNTER"
        case delta = "DELTA"
        case state = "STATE"
    }

    package let word: Word
    /// The interval of a DELTA; nil where the row before bounds it.
    package let per: TextLiteral?
    package let span: SourceSpan

    package init(_ word: Word, per: TextLiteral? = nil, span: SourceSpan) {
        self.word = word
        self.per = per
        self.span = span
    }
}

/// What may follow the columns of a table.
package struct TableOptions: Sendable {
    package enum PartitionUnit: String, Sendable, CaseIterable {
        case hour = "HOUR"
        case day = "DAY"
        case week = "WEEK"
        case month = "MONTH"
        case year = "YEAR"
    }

    package enum DuplicateRule: String, Sendable, CaseIterable {
        case replace = "REPLACE"
        case merge = "MERGE"
        case keep = "KEEP"
        case append = "APPEND"
        case error = "ERROR"
    }

    package var partition: PartitionUnit?
    package var retain: TextLiteral?
    package var staleAfter: TextLiteral?
    package var horizon: TextLiteral?
    package var onDuplicate: DuplicateRule?
    /// From the first option to the last; nil where there is none.
    package var span: SourceSpan?

    package init() {}
}

package struct CreateTableAs: Sendable {
    package let name: QualifiedName
    package let isIfNotExists: Bool
    package let query: Query

    package init(name: QualifiedName, isIfNotExists: Bool, query: Query) {
        self.name = name
        self.isIfNotExists = isIfNotExists
        self.query = query
    }
}

package struct DropTable: Sendable {
    package let names: [QualifiedName]
    package let isIfExists: Bool

    package init(names: [QualifiedName], isIfExists: Bool) {
        self.names = names
        self.isIfExists = isIfExists
    }
}

/// `SET name = value`, `SET name TO value`, `SET TIME ZONE value` (whose name is `timezone`).
package struct SetVariable: Sendable {
    package let name: Name
    /// A bare word (`SET x TO on`) is a string literal; nil after TO DEFAULT.
    package let value: Expression?

    package init(name: Name, value: Expression?) {
        self.name = name
        self.value = value
    }
}

/// `RESET name`; nil for RESET ALL.
package struct ResetVariable: Sendable {
    package let name: Name?

    package init(name: Name?) {
        self.name = name
    }
}

package enum Show: Sendable {
    /// What the store tells of itself.
    package enum Report: String, Sendable, CaseIterable {
        case partitions = "PARTITIONS"
        case segments = "SEGMENTS"
        case sizes = "SIZES"
        case tombstones = "TOMBSTONES"
        case health = "HEALTH"
        case recovery = "RECOVERY"
        case events = "EVENTS"

        /// Whether FROM may name one table.
        package var isByTable: Bool {
            switch self {
            case .partitions, .segments, .sizes, .tombstones: true
            case .health, .recovery, .events: false
            }
        }
    }

    case tables
    case report(Report, table: QualifiedName?)
    case all
    case variable(Name)
}

package enum Transaction: String, Sendable, CaseIterable {
    case begin = "BEGIN"
    case commit = "COMMIT"
    case rollback = "ROLLBACK"
}
