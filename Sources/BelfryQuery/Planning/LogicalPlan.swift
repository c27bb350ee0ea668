package import BelfryCore
import BelfrySQL
package import BelfryStorage

/// A column of a plan's output.
package struct PlanColumn: Sendable {
    package var name: String
    package var type: DataType
    /// Of a field that comes straight from a table (or times or divided by a constant); else by
    /// type.
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
    case window(WindowNode)
    case apply(ApplyNode)
    case recursive(RecursiveNode)
    case rows(RowsNode)
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

/// SAMPLE BY on a grid: cells that ordinary aggregation made, series-aware calls, and fills
/// (LANGUAGE D2, D3). A grid that shows only buckets with rows needs no such node.
///
/// Output: the keys, then `bucket`, `bucket_end`, `bucket_filled`, then the measures. Expressions
/// over these are a projection above.
package struct SampleNode: Sendable {
    /// How a cell without a value is filled.
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

    /// A call that is defined on one series at a time.
    package struct SeriesCall: Sendable {
        package enum Function: String, Sendable, CaseIterable {
            case sample
            case timeAverage = "time_avg"
            case integral, increase, rate, resets
            case timeIn = "time_in"
            case coverage
        }
        package enum Method: String, Sendable { case locf, linear }

        package var function: Function
        /// Which column of the evidence is its argument.
        package var argumentIndex: Int
        package var kind: ColumnKind
        package var method: Method
        /// Nanoseconds; nil for no limit.
        package var tolerance: Int64?
        /// For `integral`: nanoseconds of its unit.
        package var unitNanoseconds: Int64 = 1_000_000_000
        package var type: DataType
        /// The ordinary aggregate around it, over the series of a group; its arguments are over
        /// one column, the call's value. Nil where one series is pinned.
        package var outer: AggregateCall?

        package init(
            function: Function, argumentIndex: Int, kind: ColumnKind, method: Method,
            tolerance: Int64?, type: DataType
        ) {
            self.function = function
            self.argumentIndex = argumentIndex
            self.kind = kind
            self.method = method
            self.tolerance = tolerance
            self.type = type
        }
    }

    package struct Measure: Sendable {
        package enum Source: Sendable {
            /// An aggregate of the cells, by its place behind keys and bucket.
            case cell(Int)
            case series(SeriesCall)
        }
        package var source: Source
        package var fill: FillRule
        /// The type of the column, after filling.
        package var type: DataType
        /// What the aggregate is over no rows.
        package var empty: Value

        package init(source: Source, fill: FillRule, type: DataType, empty: Value) {
            self.source = source
            self.fill = fill
            self.type = type
            self.empty = empty
        }
    }

    /// Keys, bucket, aggregates: of rows of the range.
    package var cells: LogicalPlan
    /// The same of rows before and after the range, which may only give to fills.
    package var donors: [LogicalPlan]
    /// Rows for series-aware calls: time, then what tells series apart, then the keys, then
    /// arguments; in (series, time) order, and from around the range as far as they may speak.
    package var evidence: LogicalPlan?
    package var seriesColumnCount = 0
    /// The first and the last time of all rows (one row, two columns), where an end is open.
    package var bounds: LogicalPlan?
    /// Nil: the whole range is one bucket.
    package var grid: BucketGrid?
    /// The range, each end by itself; nil where the statement leaves it open.
    package var start: Timestamp?
    package var end: Timestamp?
    /// No sample speaks from here on: now, or the table's last row.
    package var speakLimit: Timestamp
    package var keyCount: Int
    package var measures: [Measure]
    package var columns: [PlanColumn]

    package init(
        cells: LogicalPlan, grid: BucketGrid?, start: Timestamp?, end: Timestamp?,
        speakLimit: Timestamp, keyCount: Int, measures: [Measure], columns: [PlanColumn]
    ) {
        self.cells = cells
        self.donors = []
        self.grid = grid
        self.start = start
        self.end = end
        self.speakLimit = speakLimit
        self.keyCount = keyCount
        self.measures = measures
        self.columns = columns
    }
}

/// LATEST n BY (keys): the n latest rows per key by time.
package struct LatestNode: Sendable {
    package var input: LogicalPlan
    package var keys: [BoundExpression]
    package var timeIndex: Int
    package var count: Int
    /// Columns that decide between rows of one time: the greater goes first (LANGUAGE D0.7).
    package var tieIndexes: [Int]

    package init(
        input: LogicalPlan, keys: [BoundExpression], timeIndex: Int, count: Int, tieIndexes: [Int]
    ) {
        self.input = input
        self.keys = keys
        self.timeIndex = timeIndex
        self.count = count
        self.tieIndexes = tieIndexes
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
    /// Right columns that decide between rows of one time from several series (LANGUAGE D0.7).
    package var tieIndexes: [Int] = []
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
