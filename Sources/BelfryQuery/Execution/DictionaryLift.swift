import BelfryCore

/// An expression over one text column, computed once per entry of the column's dictionary.
///
/// Tags travel as codes of a dictionary that all batches of a scan share, so a condition on a tag
/// costs its work once per distinct value and a look-up a row. The work is done when as many rows
/// as the dictionary has entries (or a few thousand) have been asked for; up to then, and for
/// plain texts, rows are computed one by one.
final class DictionaryLift {
    let expression: BoundExpression
    let column: Int
    /// The same over a batch of just the text column.
    private let plain: EvaluationNode
    private let alone: EvaluationNode
    private var dictionary: TextDictionary?
    private var rowCount = 0
    /// One result for each entry, then the one for NULL; nil before it is worth it, or where some
    /// entry that may not even occur raises an error.
    private var results: Vector?
    private var isImpossible = false

    private static let eagerEntryCount = 4_096

    init(_ expression: BoundExpression) {
        self.expression = expression
        column = expression.usedColumns.first ?? 0
        plain = EvaluationNode.compileParts(expression)
        alone = EvaluationNode.compileParts(expression.mappingColumns { .column(0, $1) })
    }

    /// Whether an expression depends on one text column alone and is more than that column.
    static func isWorthwhile(_ expression: BoundExpression) -> Bool {
        switch expression {
        case .constant, .column, .outer: return false
        case .call, .and, .or, .not, .isNull, .caseWhen, .cast, .isIn, .coalesce: break
        }
        if case .cast(.column, .text, _) = expression { return false }
        var type: DataType?
        var columns = Set<Int>()
        guard collect(expression, &columns, &type) else { return false }
        return columns.count == 1 && type == .text
    }

    private static func collect(
        _ expression: BoundExpression, _ columns: inout Set<Int>, _ type: inout DataType?
    ) -> Bool {
        if case .column(let index, let columnType) = expression {
            columns.insert(index)
            type = columnType
        }
        if case .call(let call) = expression, !call.function.isPure { return false }
        if columns.count > 1 { return false }
        for child in expression.children where !collect(child, &columns, &type) { return false }
        return true
    }

    func evaluate(_ vectors: [Vector], _ rowCount: Int, _ environment: EvaluationEnvironment)
        throws(QueryError) -> Vector
    {
        let vector = vectors[column]
        guard case .dictionary(let storage) = vector.storage, vector.count == rowCount else {
            return try plain.evaluate(vectors, rowCount, environment)
        }
        if dictionary !== storage.dictionary {
            dictionary = storage.dictionary
            self.rowCount = 0
            results = nil
            isImpossible = false
        }
        self.rowCount += rowCount
        if results == nil && !isImpossible {
            let entryCount = storage.dictionary.count
            guard self.rowCount + Self.eagerEntryCount >= entryCount else {
                return try plain.evaluate(vectors, rowCount, environment)
            }
            results = entryResults(storage.dictionary, environment)
            isImpossible = results == nil
        }
        guard let results else { return try plain.evaluate(vectors, rowCount, environment) }
        return lookUp(results, storage.codes, vector.validity)
    }

    private func entryResults(
        _ dictionary: TextDictionary, _ environment: EvaluationEnvironment
    ) -> Vector? {
        let count = dictionary.count
        var texts = dictionary.texts
        texts.append([UInt8]())
        var words = [UInt64](repeating: .max, count: (count + 64) / 64)
        words[count >> 6] = (1 << UInt64(count & 63)) - 1
        let entries = Vector(.text, .texts(texts), validity: Validity(words: words))
        guard
            let results = try? alone.evaluate([entries], count + 1, environment)
                .expanded(to: count + 1)
        else { return nil }
        return results.type.layout == .texts ? Self.withDistinctTexts(results) : results
    }

    /// The same texts as codes of a dictionary that has each only once.
    private static func withDistinctTexts(_ vector: Vector) -> Vector {
        let view = TextView(vector, rowCount: vector.count)
        var numbers: [ArraySlice<UInt8>: UInt32] = [:]
        var distinct = TextStorage()
        var codes = [UInt32](repeating: 0, count: vector.count)
        for row in 0..<vector.count where view.isValid(row) {
            let text = view[row]
            if let number = numbers[text] {
                codes[row] = number
            } else {
                codes[row] = UInt32(distinct.count)
                numbers[text] = codes[row]
                distinct.append(text)
            }
        }
        return Vector(
            vector.type,
            .dictionary(DictionaryStorage(codes: codes, dictionary: TextDictionary(distinct))),
            validity: vector.validity)
    }

    private func lookUp(_ results: Vector, _ codes: [UInt32], _ validity: Validity) -> Vector {
        // The code of a row without a value may be anything; such rows have the last result.
        let last = results.count - 1
        if validity.isAll {
            if results.validity.isAll, case .booleans(let values) = results.storage {
                return Vector(booleans: Lanes.map(codes, false) { values[Int($0)] })
            }
            return results.gather(Lanes.map(codes, Int32(0)) { Int32(truncatingIfNeeded: $0) })
        }
        var rows = [Int32](repeating: Int32(last), count: codes.count)
        for row in codes.indices where validity.isValid(row) {
            rows[row] = Int32(truncatingIfNeeded: codes[row])
        }
        return results.gather(rows)
    }
}
