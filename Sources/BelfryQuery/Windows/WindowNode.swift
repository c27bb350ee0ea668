package import BelfryCore

/// Window functions over one partitioning and order: the input's columns, then one for each call.
///
/// Rows keep the order in which they came. Calls of other windows are nodes of their own above or
/// below.
package struct WindowNode: Sendable {
    package var input: LogicalPlan
    /// Equal keys make a partition; none: all rows are one.
    package var partition: [BoundExpression]
    package var order: [SortNode.Key]
    package var calls: [WindowCall]
    /// Of the calls.
    package var callColumns: [PlanColumn]

    package var columns: [PlanColumn] { input.columns + callColumns }
}

/// One window function with its frame.
package struct WindowCall: Sendable {
    package enum Function: Sendable {
        case rowNumber, rank, denseRank, percentRank, cumeDist, ntile
        case lag, lead
        case firstValue, lastValue, nthValue
        case aggregate(AggregateCall)

        /// By the name in SQL; nil for aggregates and whatever else.
        init?(name: String) {
            switch name {
            case "row_number": self = .rowNumber
            case "rank": self = .rank
            case "dense_rank": self = .denseRank
            case "percent_rank": self = .percentRank
            case "cume_dist": self = .cumeDist
            case "ntile": self = .ntile
            case "lag": self = .lag
            case "lead": self = .lead
            case "first_value": self = .firstValue
            case "last_value": self = .lastValue
            case "nth_value": self = .nthValue
            default: return nil
            }
        }

        static let names = [
            "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag",
            "lead", "first_value", "last_value", "nth_value",
        ]
    }

    package var name: String
    package var function: Function
    /// Over the input; an aggregate's own stand in its call.
    package var arguments: [BoundExpression]
    package var frame: WindowFrameRule
    package var type: DataType

    func rewriting(_ rewrite: (BoundExpression) -> BoundExpression) -> WindowCall {
        var call = self
        if case .aggregate(let aggregate) = function {
            call.function = .aggregate(aggregate.rewriting(rewrite))
        }
        call.arguments = arguments.map(rewrite)
        call.frame.start = frame.start.rewriting(rewrite)
        call.frame.end = frame.end.rewriting(rewrite)
        return call
    }

    /// All expressions over the input.
    var expressions: [BoundExpression] {
        var all = arguments + frame.start.expressions + frame.end.expressions
        if case .aggregate(let aggregate) = function {
            all += aggregate.arguments + (aggregate.filter.map { [$0] } ?? [])
        }
        return all
    }
}

/// Which rows of its partition a row's window function sees.
package struct WindowFrameRule: Sendable {
    package enum Unit: Sendable { case rows, range, groups }
    package enum Exclusion: Sendable { case none, currentRow, group, ties }

    package enum Bound: Sendable {
        case unboundedPreceding
        /// ROWS, GROUPS: how many, over the input. RANGE: the key less or plus the offset, over the
        /// input, beside which rows are compared by their key.
        case preceding(BoundExpression)
        case currentRow
        case following(BoundExpression)
        case unboundedFollowing

        func rewriting(_ rewrite: (BoundExpression) -> BoundExpression) -> Bound {
            switch self {
            case .preceding(let offset): .preceding(rewrite(offset))
            case .following(let offset): .following(rewrite(offset))
            case .unboundedPreceding, .currentRow, .unboundedFollowing: self
            }
        }

        var expressions: [BoundExpression] {
            switch self {
            case .preceding(let offset), .following(let offset): [offset]
            case .unboundedPreceding, .currentRow, .unboundedFollowing: []
            }
        }
    }

    package var unit: Unit
    package var start: Bound
    package var end: Bound
    package var exclusion: Exclusion = .none

    /// From the partition's first row through the row's peers; without an order, all rows.
    static let standard = WindowFrameRule(
        unit: .range, start: .unboundedPreceding, end: .currentRow)
}
