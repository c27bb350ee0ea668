/// An expression of the syntax tree, as written: names unresolved, types unknown.
///
/// A closed enum of small structs; whoever walks it switches over all cases.
package indirect enum Expression: Sendable {
    case literal(Literal)
    case column(ColumnReference)
    case parameter(ParameterReference)
    case unary(UnaryExpression)
    case binary(BinaryExpression)
    case isTest(IsTest)
    case between(BetweenExpression)
    case inList(InListExpression)
    case inSubquery(InSubqueryExpression)
    case like(LikeExpression)
    case caseWhen(CaseExpression)
    case cast(CastExpression)
    case call(FunctionCall)
    case atTimeZone(AtTimeZoneExpression)
    case extract(ExtractExpression)
    case exists(SubqueryExpression)
    case scalarSubquery(SubqueryExpression)
    case quantified(QuantifiedExpression)
    case array(ListExpression)
    case row(ListExpression)

    package var span: SourceSpan {
        switch self {
        case .literal(let node): node.span
        case .column(let node): node.span
        case .parameter(let node): node.span
        case .unary(let node): node.span
        case .binary(let node): node.span
        case .isTest(let node): node.span
        case .between(let node): node.span
        case .inList(let node): node.span
        case .inSubquery(let node): node.span
        case .like(let node): node.span
        case .caseWhen(let node): node.span
        case .cast(let node): node.span
        case .call(let node): node.span
        case .atTimeZone(let node): node.span
        case .extract(let node): node.span
        case .exists(let node): node.span
        case .scalarSubquery(let node): node.span
        case .quantified(let node): node.span
        case .array(let node): node.span
        case .row(let node): node.span
        }
    }
}

/// A constant that stood in the text.
package struct Literal: Sendable {
    package enum Value: Sendable {
        case null
        case boolean(Bool)
        /// A whole number that fits 64 bits.
        case integer(Int64)
        /// Any other number, as written: `1.5`, `2e3`, `99999999999999999999`.
        case decimal(String)
        case string(String)
        /// `INTERVAL '5 minutes'`, `TIMESTAMP '2024-01-01'`, `DATE '…'` and so on.
        case typed(TypeName, String)
    }

    package let value: Value
    package let span: SourceSpan

    package init(_ value: Value, span: SourceSpan) {
        self.value = value
        self.span = span
    }
}

/// `name`, `table.name` or `schema.table.name`.
package struct ColumnReference: Sendable {
    package let table: QualifiedName?
    package let name: Name

    package init(table: QualifiedName? = nil, name: Name) {
        self.table = table
        self.name = name
    }

    package var span: SourceSpan { table.map { $0.span.through(name.span) } ?? name.span }
}

/// `$1` or `:name`.
package struct ParameterReference: Sendable {
    package enum Key: Sendable, Hashable {
        /// The number as written, from 1.
        case position(Int)
        case name(String)
    }

    package let key: Key
    package let span: SourceSpan

    package init(_ key: Key, span: SourceSpan) {
        self.key = key
        self.span = span
    }
}

package enum UnaryOperator: String, Sendable, CaseIterable {
    case not = "NOT"
    case minus = "-"
    case plus = "+"
}

package struct UnaryExpression: Sendable {
    package let `operator`: UnaryOperator
    package let operand: Expression
    package let span: SourceSpan

    package init(_ operator: UnaryOperator, _ operand: Expression, span: SourceSpan) {
        self.operator = `operator`
        self.operand = operand
        self.span = span
    }
}

package enum BinaryOperator: String, Sendable, CaseIterable {
    case or = "OR"
    case and = "AND"
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isDistinctFrom = "IS DISTINCT FROM"
    case isNotDistinctFrom = "IS NOT DISTINCT FROM"
    case concatenate = "||"
    /// `~` and its three relatives: POSIX regular expressions.
    case matches = "~"
    case matchesIgnoringCase = "~*"
    case notMatches = "!~"
    case notMatchesIgnoringCase = "!~*"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case power = "^"
}

package struct BinaryExpression: Sendable {
    package let `operator`: BinaryOperator
    package let left: Expression
    package let right: Expression
    /// Where the operator itself stood.
    package let operatorSpan: SourceSpan

    package init(
        _ operator: BinaryOperator, _ left: Expression, _ right: Expression,
        operatorSpan: SourceSpan
    ) {
        self.operator = `operator`
        self.left = left
        self.right = right
        self.operatorSpan = operatorSpan
    }

    package var span: SourceSpan { left.span.through(right.span) }
}

/// `x IS [NOT] NULL`, `IS [NOT] TRUE`, `IS [NOT] FALSE`, `IS [NOT] UNKNOWN`.
package struct IsTest: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case null = "NULL"
        case `true` = "TRUE"
        case `false` = "FALSE"
        case unknown = "UNKNOWN"
    }

    package let operand: Expression
    package let kind: Kind
    package let isNegated: Bool
    package let span: SourceSpan

    package init(_ operand: Expression, _ kind: Kind, isNegated: Bool, span: SourceSpan) {
        self.operand = operand
        self.kind = kind
        self.isNegated = isNegated
        self.span = span
    }
}

/// `x [NOT] BETWEEN [SYMMETRIC] low AND high`.
package struct BetweenExpression: Sendable {
    package let operand: Expression
    package let low: Expression
    package let high: Expression
    package let isNegated: Bool
    package let isSymmetric: Bool

    package init(
        _ operand: Expression, low: Expression, high: Expression, isNegated: Bool,
        isSymmetric: Bool = false
    ) {
        self.operand = operand
        self.low = low
        self.high = high
        self.isNegated = isNegated
        self.isSymmetric = isSymmetric
    }

    package var span: SourceSpan { operand.span.through(high.span) }
}

/// `x [NOT] IN (a, b, …)`; the list is never empty.
package struct InListExpression: Sendable {
    package let operand: Expression
    package let list: [Expression]
    package let isNegated: Bool
    package let span: SourceSpan

    package init(_ operand: Expression, _ list: [Expression], isNegated: Bool, span: SourceSpan) {
        self.operand = operand
        self.list = list
        self.isNegated = isNegated
        self.span = span
    }
}

/// `x [NOT] IN (SELECT …)`.
package struct InSubqueryExpression: Sendable {
    package let operand: Expression
    package let query: Query
    package let isNegated: Bool
    package let span: SourceSpan

    package init(_ operand: Expression, _ query: Query, isNegated: Bool, span: SourceSpan) {
        self.operand = operand
        self.query = query
        self.isNegated = isNegated
        self.span = span
    }
}

/// `x [NOT] LIKE pattern [ESCAPE 'c']`, or ILIKE.
package struct LikeExpression: Sendable {
    package let operand: Expression
    package let pattern: Expression
    package let escape: Expression?
    package let ignoresCase: Bool
    package let isNegated: Bool

    package init(
        _ operand: Expression, pattern: Expression, escape: Expression?, ignoresCase: Bool,
        isNegated: Bool
    ) {
        self.operand = operand
        self.pattern = pattern
        self.escape = escape
        self.ignoresCase = ignoresCase
        self.isNegated = isNegated
    }

    package var span: SourceSpan { operand.span.through((escape ?? pattern).span) }
}

/// `CASE [operand] WHEN … THEN … [ELSE …] END`. With an operand each `condition` is compared with
/// it for equality; without one it is a condition.
package struct CaseExpression: Sendable {
    package struct Branch: Sendable {
        package let condition: Expression
        package let result: Expression

        package init(condition: Expression, result: Expression) {
            self.condition = condition
            self.result = result
        }
    }

    package let operand: Expression?
    package let branches: [Branch]
    package let otherwise: Expression?
    package let span: SourceSpan

    package init(
        operand: Expression?, branches: [Branch], otherwise: Expression?, span: SourceSpan
    ) {
        self.operand = operand
        self.branches = branches
        self.otherwise = otherwise
        self.span = span
    }
}

/// `CAST(x AS type)` or `x::type`.
package struct CastExpression: Sendable {
    package let operand: Expression
    package let type: TypeName
    package let span: SourceSpan

    package init(_ operand: Expression, to type: TypeName, span: SourceSpan) {
        self.operand = operand
        self.type = type
        self.span = span
    }
}

/// `x AT TIME ZONE zone`.
package struct AtTimeZoneExpression: Sendable {
    package let operand: Expression
    package let zone: Expression

    package init(_ operand: Expression, zone: Expression) {
        self.operand = operand
        self.zone = zone
    }

    package var span: SourceSpan { operand.span.through(zone.span) }
}

/// `EXTRACT(field FROM x)`; the field is folded to lower case when it is looked up.
package struct ExtractExpression: Sendable {
    package let field: Name
    package let operand: Expression
    package let span: SourceSpan

    package init(field: Name, operand: Expression, span: SourceSpan) {
        self.field = field
        self.operand = operand
        self.span = span
    }
}

/// A query in parentheses: of EXISTS, or as a value.
package struct SubqueryExpression: Sendable {
    package let query: Query
    package let span: SourceSpan

    package init(_ query: Query, span: SourceSpan) {
        self.query = query
        self.span = span
    }
}

/// `x = ANY (…)` or `x > ALL (…)`, over a query or an array.
package struct QuantifiedExpression: Sendable {
    package enum Source: Sendable {
        case query(Query)
        case array(Expression)
    }

    package let operand: Expression
    package let `operator`: BinaryOperator
    package let isAll: Bool
    package let source: Source
    package let span: SourceSpan

    package init(
        _ operand: Expression, _ operator: BinaryOperator, isAll: Bool, source: Source,
        span: SourceSpan
    ) {
        self.operand = operand
        self.operator = `operator`
        self.isAll = isAll
        self.source = source
        self.span = span
    }
}

/// `ARRAY[a, b]` or `(a, b)`.
package struct ListExpression: Sendable {
    package let elements: [Expression]
    package let span: SourceSpan

    package init(_ elements: [Expression], span: SourceSpan) {
        self.elements = elements
        self.span = span
    }
}

/// A function call with everything that may follow its parenthesis.
package struct FunctionCall: Sendable {
    package enum Arguments: Sendable {
        /// `count(*)`
        case star
        /// `count(t.*)`
        case starOf(Name)
        case list([Expression])
    }

    /// What stands behind OVER.
    package enum Over: Sendable {
        case name(Name)
        case specification(WindowSpecification)
    }

    package let name: QualifiedName
    package let arguments: Arguments
    package var isDistinct = false
    /// ORDER BY inside the parentheses.
    package var orderBy: [OrderItem] = []
    /// `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`
    package var withinGroup: [OrderItem] = []
    package var filter: Expression?
    /// TOLERANCE directly after the call, of a series-aware function.
    package var tolerance: Tolerance?
    /// FILL, with the tolerance that followed it.
    package var fill: Fill?
    package var over: Over?
    package var span: SourceSpan

    package init(name: QualifiedName, arguments: Arguments, span: SourceSpan) {
        self.name = name
        self.arguments = arguments
        self.span = span
    }
}

/// `TOLERANCE '10 minutes'` or `TOLERANCE UNLIMITED`: how long a sample speaks.
package struct Tolerance: Sendable {
    package enum Limit: Sendable {
        case unlimited
        /// A literal or a parameter: an interval, or a string that is read as one.
        case value(Expression)
    }

    package let limit: Limit
    package let span: SourceSpan

    package init(_ limit: Limit, span: SourceSpan) {
        self.limit = limit
        self.span = span
    }
}

/// `FILL method [TOLERANCE …]`: what stands in a cell that has no value.
package struct Fill: Sendable {
    package enum Method: Sendable {
        case null
        case previous
        case next
        case linear
        /// A literal or a parameter.
        case value(Expression)
    }

    package let method: Method
    package let tolerance: Tolerance?
    package let span: SourceSpan

    package init(_ method: Method, tolerance: Tolerance? = nil, span: SourceSpan) {
        self.method = method
        self.tolerance = tolerance
        self.span = span
    }
}

/// What a window function looks at: `([base] [PARTITION BY …] [ORDER BY …] [frame])`.
package struct WindowSpecification: Sendable {
    /// A window of the WINDOW clause that this one extends.
    package let base: Name?
    package let partitionBy: [Expression]
    package let orderBy: [OrderItem]
    package let frame: WindowFrame?
    package let span: SourceSpan

    package init(
        base: Name? = nil, partitionBy: [Expression], orderBy: [OrderItem], frame: WindowFrame?,
        span: SourceSpan
    ) {
        self.base = base
        self.partitionBy = partitionBy
        self.orderBy = orderBy
        self.frame = frame
        self.span = span
    }
}

package struct WindowFrame: Sendable {
    package enum Unit: String, Sendable, CaseIterable {
        case rows = "ROWS"
        case range = "RANGE"
        case groups = "GROUPS"
    }

    package enum Bound: Sendable {
        case unboundedPreceding
        case preceding(Expression)
        case currentRow
        case following(Expression)
        case unboundedFollowing
    }

    package enum Exclusion: String, Sendable, CaseIterable {
        case currentRow = "CURRENT ROW"
        case group = "GROUP"
        case ties = "TIES"
    }

    package let unit: Unit
    package let start: Bound
    package let end: Bound
    package let exclusion: Exclusion?
    package let span: SourceSpan

    package init(
        unit: Unit, start: Bound, end: Bound, exclusion: Exclusion? = nil, span: SourceSpan
    ) {
        self.unit = unit
        self.start = start
        self.end = end
        self.exclusion = exclusion
        self.span = span
    }
}

/// The types that a statement may name. Several share one type of column: REAL and NUMERIC are
/// DOUBLE, VARCHAR(n) is TEXT, UUID and JSON are checked TEXT.
package enum TypeWord: String, Sendable, CaseIterable {
    case boolean = "BOOLEAN"
    case smallint = "SMALLINT"
    case integer = "INTEGER"
    case bigint = "BIGINT"
    case real = "REAL"
    case double = "DOUBLE"
    case numeric = "NUMERIC"
    case text = "TEXT"
    case varchar = "VARCHAR"
    case bytea = "BYTEA"
    case timestamptz = "TIMESTAMPTZ"
    case timestamp = "TIMESTAMP"
    case date = "DATE"
    case time = "TIME"
    case interval = "INTERVAL"
    case uuid = "UUID"
    case json = "JSON"
}

/// A type as written, resolved to the word it means: `int8` is BIGINT, `double precision` DOUBLE.
package struct TypeName: Sendable {
    package let word: TypeWord
    /// What stood in parentheses: `VARCHAR(20)`, `NUMERIC(10, 2)`.
    package let arguments: [Int]
    package let isArray: Bool
    package let span: SourceSpan

    package init(
        _ word: TypeWord, arguments: [Int] = [], isArray: Bool = false, span: SourceSpan
    ) {
        self.word = word
        self.arguments = arguments
        self.isArray = isArray
        self.span = span
    }
}
