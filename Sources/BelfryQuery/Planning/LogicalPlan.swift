package import BelfryCore
package import BelfrySQL
package import BelfryStorage

/// A column of a plan's output.
package struct PlanColumn: Sendable {
    package var name: String
    package var type: DataType
    /// Of a field that comes straight from a table (or times or divided by a constant); else by type.
    package var kind: ColumnKind

    package init(name: String, type: DataType, kind: ColumnKind? = nil) {
        self.name = name
        self.type = type
        self.kind = kind ?? (type.isNumeric ? .gauge : .state)
    }
}

/// What to do, as a closed enum: a `switch` with no default is the visitor.
package indirect enum LogicalPlan: Sendable {
    case scan(ScanNode)
    case values(ValuesNode)
    case generateSeries(GenerateSeriesNode)
    case filter(FilterNode)
    case project(ProjectNode)
    case aggregate(AggregateNode)
    case sample(SampleNode)
    case latest(LatestNode)
    case join(JoinNode)
    case asofJoin(AsofJoinNode)
    case sort(SortNode)
    case limit(LimitNode)
    case distinct(DistinctNode)
    case union(UnionNode)
}

/// Rows of a table. Conditions on times and tags move from a filter above into the request.
package struct ScanNode: Sendable {
    package var request: ScanRequest
    package var columns: [PlanColumn]
    /// The name the statement uses for the table.
    package var alias: String

    package init(request: ScanRequest, columns: [PlanColumn], alias: String) {
        self.request = request
        self.columns = columns
        self.alias = alias
    }
}

/// Rows that stood in the statement. Expressions are over no columns.
package struct ValuesNode: Sendable {
    package var rows: [[BoundExpression]]
    package var columns: [PlanColumn]

    package init(rows: [[BoundExpression]], columns: [PlanColumn]) {
        self.rows = rows
        self.columns = columns
    }
}

/// generate_series(start, stop, step), of numbers or times.
package struct GenerateSeriesNode: Sendable {
    package var start: BoundExpression
    package var stop: BoundExpression
    package var step: BoundExpression
    package var column: PlanColumn

    package init(
        start: BoundExpression, stop: BoundExpression, step: BoundExpression, column: PlanColumn
    ) {
        self.start = start
        self.stop = stop
        self.step = step
        self.column = column
    }
}

package struct FilterNode: Sendable {
    package var input: LogicalPlan
    package var predicate: BoundExpression

    package init(input: LogicalPlan, predicate: BoundExpression) {
        self.input = input
        self.predicate = predicate
    }
}

package struct ProjectNode: Sendable {
    package var input: LogicalPlan
    package var expressions: [BoundExpression]
    package var columns: [PlanColumn]

    package init(input: LogicalPlan, expressions: [BoundExpression], columns: [PlanColumn]) {
        self.input = input
        self.expressions = expressions
        self.columns = columns
    }
}

/// GROUP BY: output is the keys, then the aggregates. Without keys there is exactly one row.
package struct AggregateNode: Sendable {
    package var input: LogicalPlan
    package var keys: [BoundExpression]
    package var aggregates: [AggregateCall]
    package var columns: [PlanColumn]

    package init(
        input: LogicalPlan, keys: [BoundExpression], aggregates: [AggregateCall],
        columns: [PlanColumn]
    ) {
        self.input = input
        self.keys = keys
        self.aggregates = aggregates
        self.columns = columns
    }
}

/// SAMPLE BY, with its fills and series-aware calls (LANGUAGE D2, D3).
///
/// Output: the keys, then `bucket`, `bucket_end`, `bucket_filled`, then the aggregates, then the
/// series calls. Expressions over these are a projection above.
package struct SampleNode: Sendable {
    /// An aggregate's own way to fill a cell without a value.
    package struct FillRule: Sendable {
        package enum Method: Sendable { case none, null, previous, next, linear, value(Value) }
        package var method: Method
        /// Nanoseconds between facing bucket edges; nil for no limit.
        package var tolerance: Int64?

        package init(method: Method, tolerance: Int64? = nil) {
            self.method = method
            self.tolerance = tolerance
        }
    }

    package struct SeriesCall: Sendable {
        package enum Function: String, Sendable, CaseIterable {
            case sample, timeAverage = "time_avg", integral, increase, rate, resets
            case timeIn = "time_in"
            case coverage
        }
        package enum Method: String, Sendable { case locf, linear }

        package var function: Function
        package var argument: BoundExpression
        package var kind: ColumnKind
        package var method: Method
        /// Nanoseconds; nil for no limit.
        package var tolerance: Int64?
        /// For `integral`: nanoseconds of its unit.
        package var unitNanoseconds: Int64?
        package var type: DataType
        /// The ordinary aggregate around it, over the series of a group; nil where one series is
        /// pinned.
        package var outer: AggregateFunction?
        package var outerFilter: BoundExpression?

        package init(
            function: Function, argument: BoundExpression, kind: ColumnKind, method: Method,
            tolerance: Int64?, unitNanoseconds: Int64? = nil, type: DataType,
            outer: AggregateFunction? = nil, outerFilter: BoundExpression? = nil
        ) {
            self.function = function
            self.argument = argument
            self.kind = kind
            self.method = method
            self.tolerance = tolerance
            self.unitNanoseconds = unitNanoseconds
            self.type = type
            self.outer = outer
            self.outerFilter = outerFilter
        }
    }

    /// Rows of the range only: what ordinary aggregates see.
    package var input: LogicalPlan
    /// The same rows and those around the range that may speak into it; nil where nobody asks.
    /// Has the same columns as `input`, stands by series, and its extents are known.
    package var evidence: LogicalPlan?
    /// Which column of the input is its time.
    package var timeIndex: Int
    package var grid: BucketGrid?
    /// The step of EVERY.
    package var every: Interval?
    /// The range, each end by itself; nil where the statement leaves it open.
    package var start: Timestamp?
    package var end: Timestamp?
    /// Empty buckets appear.
    package var isDense: Bool
    package var keys: [BoundExpression]
    package var aggregates: [AggregateCall]
    package var fills: [FillRule]
    package var seriesCalls: [SeriesCall]
    package var seriesFills: [FillRule]
    package var columns: [PlanColumn]

    package init(
        input: LogicalPlan, evidence: LogicalPlan?, timeIndex: Int, grid: BucketGrid?,
        every: Interval?, start: Timestamp?, end: Timestamp?, isDense: Bool,
        keys: [BoundExpression], aggregates: [AggregateCall], fills: [FillRule],
        seriesCalls: [SeriesCall], seriesFills: [FillRule], columns: [PlanColumn]
    ) {
        self.input = input
        self.evidence = evidence
        self.timeIndex = timeIndex
        self.grid = grid
        self.every = every
        self.start = start
        self.end = end
        self.isDense = isDense
        self.keys = keys
        self.aggregates = aggregates
        self.fills = fills
        self.seriesCalls = seriesCalls
        self.seriesFills = seriesFills
        self.columns = columns
    }
}

/// LATEST n BY (keys): the n latest rows per key by time.
package struct LatestNode: Sendable {
    package var input: LogicalPlan
    package var keys: [BoundExpression]
    package var timeIndex: Int
    package var count: Int

    package init(input: LogicalPlan, keys: [BoundExpression], timeIndex: Int, count: Int) {
        self.input = input
        self.keys = keys
        self.timeIndex = timeIndex
        self.count = count
    }
}

/// Joins of equalities, and of any condition where there are none. Output: left columns, then
/// right columns.
package struct JoinNode: Sendable {
    package enum Kind: Sendable { case inner, left, right, full, cross, semi, anti }

    package var left: LogicalPlan
    package var right: LogicalPlan
    package var kind: Kind
    /// Over the left and the right columns; pairs of one type.
    package var leftKeys: [BoundExpression]
    package var rightKeys: [BoundExpression]
    /// NULL keys match NULL keys (ALIGN JOIN, IS NOT DISTINCT FROM).
    package var nullsMatch: Bool
    /// What else must hold, over left and right columns together.
    package var residual: BoundExpression?

    package init(
        left: LogicalPlan, right: LogicalPlan, kind: Kind, leftKeys: [BoundExpression],
        rightKeys: [BoundExpression], nullsMatch: Bool = false, residual: BoundExpression? = nil
    ) {
        self.left = left
        self.right = right
        self.kind = kind
        self.leftKeys = leftKeys
        self.rightKeys = rightKeys
        self.nullsMatch = nullsMatch
        self.residual = residual
    }
}

/// Each left row with the right row next to it in time (LANGUAGE D5).
package struct AsofJoinNode: Sendable {
    package enum Direction: String, Sendable { case backward, forward, nearest, linear }

    package var left: LogicalPlan
    package var right: LogicalPlan
    package var leftKeys: [BoundExpression]
    package var rightKeys: [BoundExpression]
    /// Over left columns: the instant to look from.
    package var leftTime: BoundExpression
    package var rightTimeIndex: Int
    package var direction: Direction
    package var isStrict: Bool
    package var ignoresNulls: Bool
    /// Nanoseconds, inclusive; nil for no limit.
    package var tolerance: Int64?
    package var isInner: Bool

    package init(
        left: LogicalPlan, right: LogicalPlan, leftKeys: [BoundExpression],
        rightKeys: [BoundExpression], leftTime: BoundExpression, rightTimeIndex: Int,
        direction: Direction, isStrict: Bool, ignoresNulls: Bool, tolerance: Int64?, isInner: Bool
    ) {
        self.left = left
        self.right = right
        self.leftKeys = leftKeys
        self.rightKeys = rightKeys
        self.leftTime = leftTime
        self.rightTimeIndex = rightTimeIndex
        self.direction = direction
        self.isStrict = isStrict
        self.ignoresNulls = ignoresNulls
        self.tolerance = tolerance
        self.isInner = isInner
    }
}

package struct SortNode: Sendable {
    package struct Key: Sendable {
        package var expression: BoundExpression
        package var isDescending: Bool
        package var nullsFirst: Bool

        package init(expression: BoundExpression, isDescending: Bool, nullsFirst: Bool) {
            self.expression = expression
            self.isDescending = isDescending
            self.nullsFirst = nullsFirst
        }
    }

    package var input: LogicalPlan
    package var keys: [Key]
    /// Only so many of the first rows are wanted (top-n).
    package var limit: Int?

    package init(input: LogicalPlan, keys: [Key], limit: Int? = nil) {
        self.input = input
        self.keys = keys
        self.limit = limit
    }
}

package struct LimitNode: Sendable {
    package var input: LogicalPlan
    package var limit: Int?
    package var offset: Int

    package init(input: LogicalPlan, limit: Int?, offset: Int) {
        self.input = input
        self.limit = limit
        self.offset = offset
    }
}

/// DISTINCT over all columns, or DISTINCT ON of some keys: the first row of each.
package struct DistinctNode: Sendable {
    package var input: LogicalPlan
    /// Nil for all columns.
    package var keys: [BoundExpression]?

    package init(input: LogicalPlan, keys: [BoundExpression]?) {
        self.input = input
        self.keys = keys
    }
}

/// UNION, INTERSECT, EXCEPT. Inputs have columns of the same types.
package struct UnionNode: Sendable {
    package enum Kind: Sendable { case unionAll, union, intersect, intersectAll, except, exceptAll }
    package var inputs: [LogicalPlan]
    package var kind: Kind
    package var columns: [PlanColumn]

    package init(inputs: [LogicalPlan], kind: Kind, columns: [PlanColumn]) {
        self.inputs = inputs
        self.kind = kind
        self.columns = columns
    }
}
