/// A query: a body, the CTEs before it, and what orders and limits the whole.
package struct Query: Sendable {
    package let with: [CommonTable]
    package let isRecursive: Bool
    package let body: QueryBody
    package let orderBy: [OrderItem]
    package let limit: Expression?
    package let offset: Expression?
    package let span: SourceSpan

    package init(
        with: [CommonTable] = [], isRecursive: Bool = false, body: QueryBody,
        orderBy: [OrderItem] = [], limit: Expression? = nil, offset: Expression? = nil,
        span: SourceSpan
    ) {
        self.with = with
        self.isRecursive = isRecursive
        self.body = body
        self.orderBy = orderBy
        self.limit = limit
        self.offset = offset
        self.span = span
    }
}

/// `name [(columns)] AS (query)`.
package struct CommonTable: Sendable {
    package let name: Name
    package let columns: [Name]
    package let query: Query

    package init(name: Name, columns: [Name], query: Query) {
        self.name = name
        self.columns = columns
        self.query = query
    }
}

package indirect enum QueryBody: Sendable {
    case select(Select)
    case values(Values)
    case setOperation(SetOperation)
    /// A query in parentheses, with an order and a limit of its own.
    case nested(Query)

    package var span: SourceSpan {
        switch self {
        case .select(let node): node.span
        case .values(let node): node.span
        case .setOperation(let node): node.span
        case .nested(let node): node.span
        }
    }
}

/// `VALUES (a, b), (c, d)`; at least one row, all rows of one width.
package struct Values: Sendable {
    package let rows: [[Expression]]
    package let span: SourceSpan

    package init(rows: [[Expression]], span: SourceSpan) {
        self.rows = rows
        self.span = span
    }
}

package struct SetOperation: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case union = "UNION"
        case intersect = "INTERSECT"
        case except = "EXCEPT"
    }

    package let kind: Kind
    package let isAll: Bool
    package let left: QueryBody
    package let right: QueryBody

    package init(_ kind: Kind, isAll: Bool, left: QueryBody, right: QueryBody) {
        self.kind = kind
        self.isAll = isAll
        self.left = left
        self.right = right
    }

    package var span: SourceSpan { left.span.through(right.span) }
}

/// One SELECT, its clauses in the order in which they are written.
package struct Select: Sendable {
    package enum Distinct: Sendable {
        case all
        case distinct
        case on([Expression])
    }

    package var distinct: Distinct = .all
    /// Empty for `SELECT FROM t`, which has rows without columns.
    package var items: [SelectItem] = []
    /// What commas separate; empty without FROM.
    package var from: [TableReference] = []
    package var filter: Expression?
    package var latest: LatestClause?
    package var grouping: Grouping = .none
    package var sample: SampleClause?
    package var having: Expression?
    package var windows: [NamedWindow] = []
    package var qualify: Expression?
    package var span: SourceSpan

    package init(span: SourceSpan) {
        self.span = span
    }
}

package enum SelectItem: Sendable {
    case expression(Expression, alias: Name?)
    /// `*` or `t.*`, with what EXCLUDE leaves out.
    case star(StarItem)

    package var span: SourceSpan {
        switch self {
        case .expression(let expression, let alias):
            alias.map { expression.span.through($0.span) } ?? expression.span
        case .star(let item): item.span
        }
    }
}

package struct StarItem: Sendable {
    package let table: Name?
    package let excluded: [Name]
    package let span: SourceSpan

    package init(table: Name?, excluded: [Name], span: SourceSpan) {
        self.table = table
        self.excluded = excluded
        self.span = span
    }
}

package struct NamedWindow: Sendable {
    package let name: Name
    package let specification: WindowSpecification

    package init(name: Name, specification: WindowSpecification) {
        self.name = name
        self.specification = specification
    }
}

/// `LATEST [n] BY (keys)`.
package struct LatestClause: Sendable {
    /// A literal or a parameter; one row where it is absent.
    package let count: Expression?
    package let keys: [Expression]
    package let span: SourceSpan

    package init(count: Expression?, keys: [Expression], span: SourceSpan) {
        self.count = count
        self.keys = keys
        self.span = span
    }
}

package enum Grouping: Sendable {
    case none
    /// `GROUP BY ALL`
    case all(SourceSpan)
    /// Never empty. An integer literal is the ordinal of a select item.
    case expressions([Expression])
}

/// `SAMPLE BY width [EVERY step] [TIME ZONE zone] [ORIGIN time] [FROM start TO end] [FILL …]`.
///
/// Width, step, zone and origin are literals or parameters; a plain string is read as what the
/// clause wants.
package struct SampleClause: Sendable {
    package var width: Expression
    package var every: Expression?
    package var timeZone: Expression?
    package var origin: Expression?
    package var from: Expression?
    package var to: Expression?
    package var fill: Fill?
    package var span: SourceSpan

    package init(width: Expression, span: SourceSpan) {
        self.width = width
        self.span = span
    }
}

package struct OrderItem: Sendable {
    /// An integer literal at the top of a query is the ordinal of a select item.
    package let expression: Expression
    package let isDescending: Bool
    /// Nil where the statement does not say: last ascending, first descending.
    package let nullsFirst: Bool?

    package init(_ expression: Expression, isDescending: Bool = false, nullsFirst: Bool? = nil) {
        self.expression = expression
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
    }
}

/// `[AS] name [(columns)]` behind a table.
package struct TableAlias: Sendable {
    package let name: Name
    package let columns: [Name]

    package init(name: Name, columns: [Name] = []) {
        self.name = name
        self.columns = columns
    }
}

/// What may stand in FROM.
package indirect enum TableReference: Sendable {
    case table(NamedTable)
    case subquery(SubqueryTable)
    case function(FunctionTable)
    case join(Join)
    /// A join in parentheses; with an alias its columns have one name in common.
    case nested(NestedTable)

    package var span: SourceSpan {
        switch self {
        case .table(let node): node.span
        case .subquery(let node): node.span
        case .function(let node): node.span
        case .join(let node): node.span
        case .nested(let node): node.span
        }
    }
}

package struct NamedTable: Sendable {
    package let name: QualifiedName
    package let alias: TableAlias?
    package let span: SourceSpan

    package init(name: QualifiedName, alias: TableAlias?, span: SourceSpan) {
        self.name = name
        self.alias = alias
        self.span = span
    }
}

/// `[LATERAL] (query) alias`.
package struct SubqueryTable: Sendable {
    package let query: Query
    package let isLateral: Bool
    package let alias: TableAlias?
    package let span: SourceSpan

    package init(query: Query, isLateral: Bool, alias: TableAlias?, span: SourceSpan) {
        self.query = query
        self.isLateral = isLateral
        self.alias = alias
        self.span = span
    }
}

/// `generate_series(…) g(at)`, `series('traffic') s`.
package struct FunctionTable: Sendable {
    package let name: QualifiedName
    package let arguments: [Expression]
    package let isLateral: Bool
    package let alias: TableAlias?
    package let span: SourceSpan

    package init(
        name: QualifiedName, arguments: [Expression], isLateral: Bool, alias: TableAlias?,
        span: SourceSpan
    ) {
        self.name = name
        self.arguments = arguments
        self.isLateral = isLateral
        self.alias = alias
        self.span = span
    }
}

package struct NestedTable: Sendable {
    package let table: TableReference
    package let alias: TableAlias?
    package let span: SourceSpan

    package init(table: TableReference, alias: TableAlias?, span: SourceSpan) {
        self.table = table
        self.alias = alias
        self.span = span
    }
}

/// Two tables and how they meet. Joins lean to the left: `a JOIN b JOIN c` is `(a JOIN b) JOIN c`.
package struct Join: Sendable {
    package enum Kind: Sendable {
        case inner
        case left
        case right
        case full
        case cross
        case asof(AsofMatch)
        case align
    }

    package enum Condition: Sendable {
        case none
        case natural
        case on(Expression)
        case using([Name])
    }

    package let kind: Kind
    package let left: TableReference
    package let right: TableReference
    package let condition: Condition
    /// The words that name the join: `ASOF LEFT JOIN`.
    package let wordsSpan: SourceSpan
    package let span: SourceSpan

    package init(
        _ kind: Kind, left: TableReference, right: TableReference, condition: Condition,
        wordsSpan: SourceSpan, span: SourceSpan
    ) {
        self.kind = kind
        self.left = left
        self.right = right
        self.condition = condition
        self.wordsSpan = wordsSpan
        self.span = span
    }
}

/// How an as-of join picks its row.
package struct AsofMatch: Sendable {
    package enum Direction: String, Sendable, CaseIterable {
        case backward = "BACKWARD"
        case forward = "FORWARD"
        case nearest = "NEAREST"
        case linear = "LINEAR"
    }

    /// ASOF INNER JOIN; LEFT is the default.
    package var isInner = false
    /// Nil without MATCH: backward, or what an inequality in ON says.
    package var direction: Direction?
    package var directionSpan: SourceSpan?
    package var isStrict = false
    package var ignoresNulls = false
    package var tolerance: Tolerance?

    package init() {}
}
