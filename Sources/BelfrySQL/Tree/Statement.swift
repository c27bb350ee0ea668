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

package struct AlterTable: Sendable {
    package enum Action: Sendable {
        case addColumn(ColumnDefinition, isIfNotExists: Bool)
        case dropColumn(Name, isIfExists: Bool)
        case renameColumn(Name, to: Name)
        case renameTable(to: Name)
        /// `ALTER energy SET COUNTER`
        case setKind(Name, ColumnKindClause)
        /// `ALTER energy SET UNIT 'kWh'`; nil after DROP UNIT.
        case setUnit(Name, TextLiteral?)
        /// `SET RETAIN '30 days' STALE AFTER '1 hour'`
        case setOptions(TableOptions)
    }

    package let name: QualifiedName
    package let action: Action

    package init(name: QualifiedName, action: Action) {
        self.name = name
        self.action = action
    }
}

package struct Insert: Sendable {
    package enum Source: Sendable {
        /// A SELECT, or VALUES as a query.
        case query(Query)
        case defaultValues
    }

    package enum OnConflict: Sendable {
        case doNothing
        /// `DO UPDATE SET c = EXCLUDED.c`: the columns that the new row overwrites.
        case update([Assignment])
    }

    package let table: QualifiedName
    /// Empty where the statement names none.
    package let columns: [Name]
    package let source: Source
    /// The columns named behind ON CONFLICT; may be empty.
    package let conflictTarget: [Name]
    package let onConflict: OnConflict?

    package init(
        table: QualifiedName, columns: [Name], source: Source, conflictTarget: [Name] = [],
        onConflict: OnConflict? = nil
    ) {
        self.table = table
        self.columns = columns
        self.source = source
        self.conflictTarget = conflictTarget
        self.onConflict = onConflict
    }
}

/// `column = value`; DEFAULT is nil.
package struct Assignment: Sendable {
    package let column: Name
    package let value: Expression?

    package init(column: Name, value: Expression?) {
        self.column = column
        self.value = value
    }
}

package struct Update: Sendable {
    package let table: QualifiedName
    package let alias: Name?
    package let assignments: [Assignment]
    package let filter: Expression?

    package init(
        table: QualifiedName, alias: Name?, assignments: [Assignment], filter: Expression?
    ) {
        self.table = table
        self.alias = alias
        self.assignments = assignments
        self.filter = filter
    }
}

package struct Delete: Sendable {
    package let table: QualifiedName
    package let alias: Name?
    package let filter: Expression?

    package init(table: QualifiedName, alias: Name?, filter: Expression?) {
        self.table = table
        self.alias = alias
        self.filter = filter
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
    case tables
    case all
    case variable(Name)
}

package enum Transaction: String, Sendable, CaseIterable {
    case begin = "BEGIN"
    case commit = "COMMIT"
    case rollback = "ROLLBACK"
}
