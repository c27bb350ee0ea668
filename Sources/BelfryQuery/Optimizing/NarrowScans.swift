import BelfryCore
import BelfryStorage

/// Moves conditions of a filter that storage can judge into the scan below it: comparisons of the
/// TIME KEY into its range, conditions on tags into its tag predicate, plain comparisons of
/// numeric fields into its conditions. What was moved is gone from the filter.
enum NarrowScans {
    static func apply(_ plan: LogicalPlan, _ context: QueryContext) throws(QueryError)
        -> LogicalPlan
    {
        if case .filter(let filter) = plan, case .scan(var scan) = filter.input {
            var rest: [BoundExpression] = []
            for condition in filter.predicate.conjuncts {
                if case .constant(let value, _) = condition {
                    // A condition that no row changes: all rows, or none.
                    if value != .boolean(true) { scan.request.times = .nothing }
                } else if !narrow(&scan, by: condition) {
                    rest.append(condition)
                }
            }
            return LogicalPlan.scan(scan).filtered(by: rest)
        }
        var inputs: [LogicalPlan] = []
        for input in plan.inputs { inputs.append(try apply(input, context)) }
        return plan.replacingInputs(inputs)
    }

    /// Whether the condition is now the scan's own.
    private static func narrow(_ scan: inout ScanNode, by condition: BoundExpression) -> Bool {
        let table = scan.request.table
        if let tags = tagPredicate(condition, scan: scan) {
            scan.request.tags =
                scan.request.tags == .all ? tags : .and([scan.request.tags, tags])
            return true
        }
        if let test = fieldTest(condition, scan: scan) {
            scan.request.conditions.append(test)
            return true
        }
        guard let (column, comparison, value) = condition.columnComparison else { return false }
        let index = scan.request.columns[column]
        if index == table.timeIndex, let range = range(comparison, value) {
            scan.request.times = scan.request.times.intersection(range)
            return true
        }
        guard table.columns[index].role == .field,
            let exact = exact(comparison, value, table.columns[index].type)
        else { return false }
        scan.request.conditions.append(
            ScanRequest.Condition(columnIndex: index, comparison: exact, value: value))
        return true
    }

    private static func range(_ comparison: Comparison, _ value: Value) -> TimeRange? {
        guard case .timestamptz(let time) = value else { return nil }
        let after = time == .infinity ? time : Timestamp(nanoseconds: time.nanoseconds &+ 1)
        let everything = TimeRange.everything
        switch comparison {
        case .less: return TimeRange(start: everything.start, end: time)
        case .lessOrEqual: return TimeRange(start: everything.start, end: after)
        case .equal: return TimeRange(start: time, end: after)
        case .greaterOrEqual: return TimeRange(start: time, end: everything.end)
        case .greater: return TimeRange(start: after, end: everything.end)
        case .notEqual: return nil
        }
    }

    /// Membership in a short list, or having a value, of a field that storage can judge.
    private static func fieldTest(_ condition: BoundExpression, scan: ScanNode)
        -> ScanRequest.Condition?
    {
        func field(_ expression: BoundExpression) -> (index: Int, type: DataType)? {
            guard case .column(let column, _) = expression else { return nil }
            let index = scan.request.columns[column]
            let schema = scan.request.table.columns[index]
            return schema.role == .field ? (index, schema.type) : nil
        }
        switch condition {
        case .isNull(let part, isNegated: true):
            return field(part).map {
                ScanRequest.Condition(columnIndex: $0.index, test: .hasValue)
            }
        case .isIn(let part, let values, _, isNegated: false):
            // A NULL in the list makes no row true.
            guard values.count <= Self.listLimit, let (index, type) = field(part),
                values.allSatisfy({ exact(.equal, $0, type) != nil })
            else { return nil }
            return ScanRequest.Condition(columnIndex: index, test: .isIn(values))
        case .constant, .column, .call, .and, .or, .not, .isNull, .isIn, .caseWhen, .cast,
            .coalesce, .outer:
            return nil
        }
    }

    /// Each member is a comparison.
    private static let listLimit = 8

    /// The comparison as storage knows it, for values of the column's own type.
    private static func exact(_ comparison: Comparison, _ value: Value, _ type: DataType)
        -> ScanRequest.Condition.Comparison?
    {
        switch value {
        case .integer where type.isInteger: break
        case .double(let number) where type == .double && !number.isNaN: break
        case .text where type == .text: break
        case .timestamptz where type == .timestamptz, .timestamp where type == .timestamp,
            .date where type == .date:
            break
        case .null, .boolean, .integer, .double, .text, .timestamptz, .timestamp, .date, .interval:
            return nil
        }
        switch comparison {
        case .less: return .less
        case .lessOrEqual: return .lessOrEqual
        case .equal: return .equal
        case .notEqual: return .notEqual
        case .greaterOrEqual: return .greaterOrEqual
        case .greater: return .greater
        }
    }

    // MARK: - Tags

    /// The condition as one on tags alone; nil where it is none.
    private static func tagPredicate(_ condition: BoundExpression, scan: ScanNode)
        -> TagPredicate?
    {
        func tag(_ expression: BoundExpression) -> UInt32? {
            guard case .column(let column, _) = expression else { return nil }
            let schema = scan.request.table.columns[scan.request.columns[column]]
            return schema.role == .tag ? schema.number : nil
        }
        func all(_ parts: [BoundExpression]) -> [TagPredicate]? {
            var predicates: [TagPredicate] = []
            for part in parts {
                guard let predicate = tagPredicate(part, scan: scan) else { return nil }
                predicates.append(predicate)
            }
            return predicates
        }
        switch condition {
        case .and(let parts): return all(parts).map { .and($0) }
        case .or(let parts): return all(parts).map { .or($0) }
        case .not(let part): return tagPredicate(part, scan: scan).map { .not($0) }
        case .isNull(let part, let isNegated):
            return tag(part).map {
                isNegated ? .not(.isNull(column: $0)) : .isNull(column: $0)
            }
        case .isIn(let part, let values, let hasNull, let isNegated):
            // With a NULL among the values no match is unknown, which storage has no word for: it
            // would be taken for false, and true under a NOT.
            guard let column = tag(part), !hasNull else { return nil }
            let isIn = TagPredicate.isIn(
                column: column, values: values.compactMap { $0.textBytes })
            return isNegated ? .not(isIn) : isIn
        case .call(let call):
            if let like = call.likePattern, let column = tag(call.arguments[0]) {
                let predicate = TagPredicate.like(
                    column: column, pattern: like.pattern, isCaseInsensitive: like.ignoresCase)
                return like.isNegated ? .not(predicate) : predicate
            }
            guard let (index, comparison, value) = condition.columnComparison,
                let column = tag(.column(index, .text)), let bytes = value.textBytes
            else { return nil }
            switch comparison {
            case .equal: return .isIn(column: column, values: [bytes])
            case .notEqual: return .not(.isIn(column: column, values: [bytes]))
            case .less: return .less(column: column, than: bytes, orEqual: false)
            case .lessOrEqual: return .less(column: column, than: bytes, orEqual: true)
            case .greater: return .greater(column: column, than: bytes, orEqual: false)
            case .greaterOrEqual: return .greater(column: column, than: bytes, orEqual: true)
            }
        case .constant, .column, .outer, .caseWhen, .cast, .coalesce: return nil
        }
    }
}

extension Comparison {
    /// The same with its sides swapped.
    var mirrored: Comparison {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .equal, .notEqual: self
        case .greaterOrEqual: .lessOrEqual
        case .greater: .less
        }
    }
}

extension BoundExpression {
    /// A comparison of a bare column with a constant that has a value, the column on the left.
    var columnComparison: (column: Int, comparison: Comparison, value: Value)? {
        guard case .call(let call) = self, call.arguments.count == 2,
            let comparison = Comparison(rawValue: call.function.name)
        else { return nil }
        switch (call.arguments[0], call.arguments[1]) {
        case (.column(let column, _), .constant(let value, _)) where !value.isNull:
            return (column, comparison, value)
        case (.constant(let value, _), .column(let column, _)) where !value.isNull:
            return (column, comparison.mirrored, value)
        default: return nil
        }
    }
}

extension BoundExpression.ScalarCall {
    /// The pattern of a LIKE with a constant pattern and the usual escape.
    var likePattern: (pattern: [UInt8], ignoresCase: Bool, isNegated: Bool)? {
        guard arguments.count == 2, case .constant(let value, _) = arguments[1],
            let pattern = value.textBytes
        else { return nil }
        switch function.name {
        case "like": return (pattern, false, false)
        case "ilike": return (pattern, true, false)
        default: return nil
        }
    }
}

extension Value {
    var textBytes: [UInt8]? {
        if case .text(let text) = self { return Array(text.utf8) }
        return nil
    }
}
