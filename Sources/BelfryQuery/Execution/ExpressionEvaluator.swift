package import BelfryCore
import BelfrySQL

/// A bound expression over a batch.
///
/// 1. Constants stay one value and never become a column of their own until the end.
/// 2. A part whose only column is a dictionary of tags is computed once per entry of the
///    dictionary and then looked up by code (`DictionaryLift`).
/// 3. AND, OR, CASE and COALESCE look only at rows that still matter, where looking at all could
///    raise an error or would cost more.
///
/// Threads: one at a time (it remembers what it computed for a dictionary).
package struct ExpressionEvaluator {
    private let node: EvaluationNode
    private let environment: EvaluationEnvironment

    package init(_ expression: BoundExpression, environment: EvaluationEnvironment) {
        node = EvaluationNode.compile(expression)
        self.environment = environment
    }

    /// One value a row of the batch.
    package func evaluate(_ batch: Batch) throws(QueryError) -> Vector {
        if batch.rowCount == 0 { return .nulls(node.type, count: 0) }
        return try node.evaluate(batch.vectors, batch.rowCount, environment)
            .expanded(to: batch.rowCount)
    }

    /// The value of an expression without columns.
    package static func evaluateConstant(
        _ expression: BoundExpression, environment: EvaluationEnvironment
    ) throws(QueryError) -> Value {
        if case .constant(let value, _) = expression { return value }
        return try EvaluationNode.compile(expression).evaluate([], 1, environment).value(0)
    }
}

/// An expression compiled: constants are vectors of one row, calls know whether they may fail.
indirect enum EvaluationNode {
    case constant(Vector)
    case column(Int, DataType)
    case lifted(DictionaryLift)
    case call(BoundExpression.ScalarCall, [EvaluationNode])
    case logic([EvaluationNode], isAnd: Bool)
    case not(EvaluationNode)
    case isNull(EvaluationNode, isNegated: Bool)
    case caseWhen([(condition: EvaluationNode, result: EvaluationNode)], EvaluationNode?, DataType)
    case cast(EvaluationNode, DataType, SourceSpan)
    case isIn(EvaluationNode, MemberSet, isNegated: Bool)
    case coalesce([EvaluationNode], DataType)

    static func compile(_ expression: BoundExpression) -> EvaluationNode {
        if DictionaryLift.isWorthwhile(expression) {
            return .lifted(DictionaryLift(expression))
        }
        return compileParts(expression)
    }

    /// Without looking up whole expressions in dictionaries.
    static func compileParts(_ expression: BoundExpression) -> EvaluationNode {
        switch expression {
        case .constant(let value, let type):
            .constant(.constant(value, type == .unknown ? .text : type, count: 1))
        case .column(let index, let type): .column(index, type)
        // Whoever runs a subquery puts values in their place first.
        case .outer(_, let type): .constant(.constant(.null, type, count: 1))
        case .call(let call): .call(call, call.arguments.map { compile($0) })
        case .and(let parts): .logic(parts.map { compile($0) }, isAnd: true)
        case .or(let parts): .logic(parts.map { compile($0) }, isAnd: false)
        case .not(let part): .not(compile(part))
        case .isNull(let part, let isNegated): .isNull(compile(part), isNegated: isNegated)
        case .caseWhen(let branches, let otherwise, let type):
            .caseWhen(
                branches.map { (compile($0.condition), compile($0.result)) },
                otherwise.map { compile($0) }, type)
        case .cast(let part, let type, let span): .cast(compile(part), type, span)
        case .isIn(let part, let values, let hasNull, let isNegated):
            .isIn(compile(part), MemberSet(values, hasNull: hasNull), isNegated: isNegated)
        case .coalesce(let parts, let type): .coalesce(parts.map { compile($0) }, type)
        }
    }

    var type: DataType {
        switch self {
        case .constant(let vector): vector.type
        case .column(_, let type), .caseWhen(_, _, let type), .cast(_, let type, _),
            .coalesce(_, let type):
            type
        case .lifted(let lift): lift.expression.type
        case .call(let call, _): call.type
        case .logic, .not, .isNull, .isIn: .boolean
        }
    }

    /// Whether a row that does not matter could raise an error.
    private var mayFail: Bool {
        switch self {
        case .constant, .column: false
        case .lifted: false
        case .call(let call, let arguments):
            Comparison(rawValue: call.function.name) == nil || arguments.contains { $0.mayFail }
        case .logic(let parts, _): parts.contains { $0.mayFail }
        case .not(let part), .isNull(let part, _), .isIn(let part, _, _): part.mayFail
        case .coalesce(let parts, _): parts.contains { $0.mayFail }
        case .caseWhen, .cast: true
        }
    }

    /// A vector of as many rows, or of one that stands for all.
    func evaluate(_ vectors: [Vector], _ rowCount: Int, _ environment: EvaluationEnvironment)
        throws(QueryError) -> Vector
    {
        switch self {
        case .constant(let vector): return vector
        case .column(let index, _): return vectors[index]
        case .lifted(let lift): return try lift.evaluate(vectors, rowCount, environment)
        case .call(let call, let nodes):
            var arguments: [Vector] = []
            arguments.reserveCapacity(nodes.count)
            var count = call.function.isPure ? 1 : rowCount
            for node in nodes {
                let vector = try node.evaluate(vectors, rowCount, environment)
                if vector.count != 1 { count = rowCount }
                arguments.append(vector)
            }
            do {
                return try call.function.kernel(arguments, count, environment)
            } catch {
                throw error.placed(at: call.span)
            }
        case .logic(let parts, let isAnd):
            return try Self.logic(parts, isAnd: isAnd, vectors, rowCount, environment)
        case .not(let part):
            let vector = try part.evaluate(vectors, rowCount, environment)
            return Vector(
                booleans: Lanes.map(vector.booleans, false) { !$0 }, validity: vector.validity)
        case .isNull(let part, let isNegated):
            let vector = try part.evaluate(vectors, rowCount, environment)
            if vector.validity.isAll { return Vector(booleans: [isNegated]) }
            return Vector(
                booleans: (0..<vector.count).map { vector.isValid($0) == isNegated })
        case .caseWhen(let branches, let otherwise, let type):
            return try Self.choose(branches, otherwise, type, vectors, rowCount, environment)
        case .cast(let part, let type, let span):
            let vector = try part.evaluate(vectors, rowCount, environment)
            do {
                return try CastKernels.cast(vector, to: type, environment)
            } catch {
                throw error.placed(at: span)
            }
        case .isIn(let part, let members, let isNegated):
            return members.test(
                try part.evaluate(vectors, rowCount, environment), isNegated: isNegated)
        case .coalesce(let parts, let type):
            return try Self.firstValue(parts, type, vectors, rowCount, environment)
        }
    }

    /// This part over some of the rows only.
    private func evaluate(
        _ vectors: [Vector], rows: [Int32], _ environment: EvaluationEnvironment
    ) throws(QueryError) -> Vector {
        var used = Set<Int>()
        collectColumns(into: &used)
        let nothing = Vector(booleans: [])
        let chosen = vectors.indices.map {
            used.contains($0) ? vectors[$0].gather(rows) : nothing
        }
        return try evaluate(chosen, rows.count, environment)
    }

    private func collectColumns(into columns: inout Set<Int>) {
        switch self {
        case .constant: break
        case .column(let index, _): columns.insert(index)
        case .lifted(let lift): columns.insert(lift.column)
        case .call(_, let parts), .logic(let parts, _), .coalesce(let parts, _):
            for part in parts { part.collectColumns(into: &columns) }
        case .not(let part), .isNull(let part, _), .cast(let part, _, _), .isIn(let part, _, _):
            part.collectColumns(into: &columns)
        case .caseWhen(let branches, let otherwise, _):
            for branch in branches {
                branch.condition.collectColumns(into: &columns)
                branch.result.collectColumns(into: &columns)
            }
            otherwise?.collectColumns(into: &columns)
        }
    }

    // MARK: Parts that look at some rows only

    /// AND and OR: false decides an AND, true an OR; NULL decides nothing.
    private static func logic(
        _ parts: [EvaluationNode], isAnd: Bool, _ vectors: [Vector], _ rowCount: Int,
        _ environment: EvaluationEnvironment
    ) throws(QueryError) -> Vector {
        let deciding = !isAnd
        guard let firstPart = parts.first else { return Vector(booleans: [isAnd]) }
        let first = try firstPart.evaluate(vectors, rowCount, environment)
        if parts.count == 1 { return first }
        let whole = first.expanded(to: rowCount)
        var values = whole.booleans
        var isValid: [Bool]? =
            whole.validity.isAll ? nil : (0..<rowCount).map { whole.isValid($0) }
        for part in parts.dropFirst() {
            let open = openRows(values, isValid, deciding)
            if open == 0 { break }
            let few = part.mayFail ? open < rowCount : open < rowCount / 8
            if !few && isValid == nil {
                let other = try part.evaluate(vectors, rowCount, environment)
                if other.validity.isAll {
                    values = Lanes.zip(values, other.booleans, rowCount, false) {
                        isAnd ? $0 && $1 : $0 || $1
                    }
                    continue
                }
                merge(other, nil, into: &values, &isValid, rowCount, deciding)
            } else if few {
                var rows: [Int32] = []
                rows.reserveCapacity(open)
                for row in 0..<rowCount where values[row] != deciding || isValid?[row] == false {
                    rows.append(Int32(row))
                }
                let other = try part.evaluate(vectors, rows: rows, environment)
                merge(other, rows, into: &values, &isValid, rowCount, deciding)
            } else {
                let other = try part.evaluate(vectors, rowCount, environment)
                merge(other, nil, into: &values, &isValid, rowCount, deciding)
            }
        }
        return Vector(booleans: values, validity: isValid.map { Validity($0) } ?? .all)
    }

    private static func openRows(_ values: [Bool], _ isValid: [Bool]?, _ deciding: Bool) -> Int {
        var count = 0
        if let isValid {
            for row in values.indices where values[row] != deciding || !isValid[row] { count += 1 }
        } else {
            for value in values where value != deciding { count += 1 }
        }
        return count
    }

    /// - Parameter rows: whose values `other` has; nil for all rows.
    private static func merge(
        _ other: Vector, _ rows: [Int32]?, into values: inout [Bool], _ isValid: inout [Bool]?,
        _ rowCount: Int, _ deciding: Bool
    ) {
        let booleans = other.booleans
        let count = rows?.count ?? rowCount
        if isValid == nil && !other.validity.isAll {
            isValid = [Bool](repeating: true, count: rowCount)
        }
        for index in 0..<count {
            let place = other.place(index, of: count)
            let row = rows.map { Int($0[index]) } ?? index
            if isValid?[row] != false && values[row] == deciding { continue }
            if !other.isValid(place) {
                isValid?[row] = false
            } else if booleans[place] == deciding {
                values[row] = deciding
                isValid?[row] = true
            }
        }
    }

    private static func choose(
        _ branches: [(condition: EvaluationNode, result: EvaluationNode)],
        _ otherwise: EvaluationNode?, _ type: DataType, _ vectors: [Vector], _ rowCount: Int,
        _ environment: EvaluationEnvironment
    ) throws(QueryError) -> Vector {
        var open = (0..<rowCount).map { Int32($0) }
        var pieces = PieceGatherer(type, rowCount: rowCount)
        for branch in branches {
            if open.isEmpty { break }
            let isWhole = open.count == rowCount
            let condition =
                isWhole
                ? try branch.condition.evaluate(vectors, rowCount, environment)
                : try branch.condition.evaluate(vectors, rows: open, environment)
            let booleans = condition.booleans
            if condition.count != open.count {
                guard condition.isValid(0) && booleans[0] else { continue }
            }
            var taken: [Int32] = []
            var left: [Int32] = []
            taken.reserveCapacity(open.count)
            left.reserveCapacity(open.count)
            for index in 0..<open.count {
                let place = condition.place(index, of: open.count)
                if booleans[place] && condition.isValid(place) {
                    taken.append(open[index])
                } else {
                    left.append(open[index])
                }
            }
            open = left
            if taken.isEmpty { continue }
            if taken.count == rowCount {
                return try branch.result.evaluate(vectors, rowCount, environment)
            }
            pieces.add(try branch.result.evaluate(vectors, rows: taken, environment), rows: taken)
        }
        if let otherwise, !open.isEmpty {
            if open.count == rowCount {
                return try otherwise.evaluate(vectors, rowCount, environment)
            }
            pieces.add(try otherwise.evaluate(vectors, rows: open, environment), rows: open)
        }
        return pieces.finish()
    }

    private static func firstValue(
        _ parts: [EvaluationNode], _ type: DataType, _ vectors: [Vector], _ rowCount: Int,
        _ environment: EvaluationEnvironment
    ) throws(QueryError) -> Vector {
        var open = (0..<rowCount).map { Int32($0) }
        var pieces = PieceGatherer(type, rowCount: rowCount)
        for part in parts {
            if open.isEmpty { break }
            let isWhole = open.count == rowCount
            let vector =
                isWhole
                ? try part.evaluate(vectors, rowCount, environment)
                : try part.evaluate(vectors, rows: open, environment)
            if isWhole && vector.validity.isAll { return vector }
            let full = vector.expanded(to: open.count)
            var taken: [Int32] = []
            var places: [Int32] = []
            var left: [Int32] = []
            taken.reserveCapacity(open.count)
            places.reserveCapacity(open.count)
            left.reserveCapacity(open.count)
            let validity = full.validity
            for index in 0..<open.count {
                if validity.isValid(index) {
                    taken.append(open[index])
                    places.append(Int32(index))
                } else {
                    left.append(open[index])
                }
            }
            if !taken.isEmpty { pieces.add(full.gather(places), rows: taken) }
            open = left
        }
        return pieces.finish()
    }
}

/// Puts the results of several parts back into the order of the rows.
private struct PieceGatherer {
    private let type: DataType
    private var values: VectorBuilder
    /// For each row its place among the pieces; -1 for none, which is NULL.
    private var places: [Int32]

    init(_ type: DataType, rowCount: Int) {
        self.type = type
        values = VectorBuilder(type, capacity: rowCount)
        places = [Int32](repeating: -1, count: rowCount)
    }

    /// - Parameter vector: one value for each of `rows`, or one for all.
    mutating func add(_ vector: Vector, rows: [Int32]) {
        let base = Int32(values.count)
        let step: Int32 = vector.count == rows.count ? 1 : 0
        values.append(contentsOf: vector)
        for index in rows.indices { places[Int(rows[index])] = base + Int32(index) * step }
    }

    func finish() -> Vector { values.finish().gather(places) }
}

extension QueryError {
    /// This error with a place, where it has none yet.
    func placed(at span: SourceSpan) -> QueryError {
        self.span != nil ? self : QueryError(code, message, at: span, hint: hint)
    }
}
