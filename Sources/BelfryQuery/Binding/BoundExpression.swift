package import BelfryCore
package import BelfrySQL

/// An expression whose columns are numbers and whose types are known.
///
/// Parameters are constants by now: a prepared statement is bound again with each set. NULL logic
/// is SQL's; `and`, `or` and `caseWhen` evaluate only what can matter where that avoids an error.
package indirect enum BoundExpression: Sendable {
    case constant(Value, DataType)
    /// A column of the input batch.
    case column(Int, DataType)
    case call(ScalarCall)
    case and([BoundExpression])
    case or([BoundExpression])
    case not(BoundExpression)
    case isNull(BoundExpression, isNegated: Bool)
    case caseWhen([Branch], otherwise: BoundExpression?, DataType)
    case cast(BoundExpression, DataType, SourceSpan)
    /// Membership in constants; NULL in the list is told by `hasNull`.
    case isIn(BoundExpression, values: [Value], hasNull: Bool, isNegated: Bool)
    case coalesce([BoundExpression], DataType)
    /// A column of a query around this one, by its number in the statement; a constant by the time
    /// anything is evaluated.
    case outer(Int, DataType)

    package struct Branch: Sendable {
        package let condition: BoundExpression
        package let result: BoundExpression

        package init(condition: BoundExpression, result: BoundExpression) {
            self.condition = condition
            self.result = result
        }
    }

    /// A function or operator with its arguments, already of the types its kernel takes.
    package struct ScalarCall: Sendable {
        package let function: ScalarFunction
        package let arguments: [BoundExpression]
        package let type: DataType
        package let span: SourceSpan

        package init(
            function: ScalarFunction, arguments: [BoundExpression], type: DataType, span: SourceSpan
        ) {
            self.function = function
            self.arguments = arguments
            self.type = type
            self.span = span
        }
    }

    package var type: DataType {
        switch self {
        case .constant(_, let type), .column(_, let type), .caseWhen(_, _, let type),
            .cast(_, let type, _), .coalesce(_, let type), .outer(_, let type):
            type
        case .call(let call): call.type
        case .and, .or, .not, .isNull, .isIn: .boolean
        }
    }
}

/// A scalar function chosen for its argument types.
///
/// The kernel gets its arguments as vectors of `rowCount` rows and dispatches once per vector. An
/// argument of one row stands for all rows: constants are never written out. The values of rows
/// without validity are arbitrary and raise no error.
package struct ScalarFunction: Sendable {
    package typealias Kernel =
        @Sendable (_ arguments: [Vector], _ rowCount: Int, _ environment: EvaluationEnvironment)
        throws(QueryError) -> Vector

    package let name: String
    /// Same arguments, same value, whatever the row and the moment: may be folded.
    package let isPure: Bool
    package let kernel: Kernel

    package init(name: String, isPure: Bool = true, kernel: @escaping Kernel) {
        self.name = name
        self.isPure = isPure
        self.kernel = kernel
    }
}

/// What a kernel may know besides its arguments.
package struct EvaluationEnvironment: Sendable {
    package let zone: TimeZoneRules
    package let zones: TimeZoneDatabase
    package let now: Timestamp

    package init(zone: TimeZoneRules, zones: TimeZoneDatabase, now: Timestamp) {
        self.zone = zone
        self.zones = zones
        self.now = now
    }
}

/// An aggregate of a grouped query, chosen for its argument types.
package struct AggregateCall: Sendable {
    package let function: AggregateFunction
    /// Expressions over the input of the aggregation; empty for count(*). Evaluated to vectors of
    /// as many rows as the batch has, constants too.
    package let arguments: [BoundExpression]
    /// Each combination of arguments counts once a group; whoever feeds the state sees to it.
    package let isDistinct: Bool
    /// Rows for which it is not true are left out.
    package let filter: BoundExpression?
    package let span: SourceSpan

    package init(
        function: AggregateFunction, arguments: [BoundExpression], isDistinct: Bool = false,
        filter: BoundExpression? = nil, span: SourceSpan
    ) {
        self.function = function
        self.arguments = arguments
        self.isDistinct = isDistinct
        self.filter = filter
        self.span = span
    }

    package var type: DataType { function.type }
}

/// An aggregate function and how to begin its states.
package struct AggregateFunction: Sendable {
    package let name: String
    package let type: DataType
    /// Takes the time of the row as a further, last argument (first, last).
    package let needsTime: Bool
    package let makeState: @Sendable () -> any AggregateState

    package init(
        name: String, type: DataType, needsTime: Bool = false,
        makeState: @escaping @Sendable () -> any AggregateState
    ) {
        self.name = name
        self.type = type
        self.needsTime = needsTime
        self.makeState = makeState
    }
}

/// The states of one aggregate for all groups of an aggregation, group by number.
///
/// Dispatch is per call over many rows, never per row: sorted series give long runs of one group.
package protocol AggregateState: AnyObject {
    /// Makes room for groups below `groupCount`.
    func grow(to groupCount: Int)
    /// Adds rows of a range, all of one group.
    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) throws(QueryError)
    /// Adds every row to its own group.
    func add(_ arguments: [Vector], groups: [UInt32]) throws(QueryError)
    /// Adds the states of `other` (of the same function); its group `i` into `groups[i]` here.
    func merge(_ other: any AggregateState, into groups: [UInt32]) throws(QueryError)
    /// The results of groups in a range.
    func finish(_ groups: Range<Int>) throws(QueryError) -> Vector
}
