import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryQuery

/// Expressions over columns: constants on either side, NULLs, dictionaries, rows that must not be
/// looked at.
struct ExpressionVectorTests {
    static func column(_ type: DataType, _ values: [Value]) -> Vector {
        var builder = VectorBuilder(type, capacity: values.count)
        for value in values { builder.append(value) }
        return builder.finish()
    }

    static func tags(_ values: [String?]) -> Vector {
        let distinct = Array(Set(values.compactMap { $0 })).sorted()
        var texts = TextStorage()
        for text in distinct { texts.append(text) }
        let codes = values.map { value in
            value.flatMap { distinct.firstIndex(of: $0) }.map { UInt32($0) } ?? .max
        }
        return Vector(
            .text,
            .dictionary(DictionaryStorage(codes: codes, dictionary: TextDictionary(texts))),
            validity: Validity(values.map { $0 != nil }))
    }

    @Test func looksOnlyAtRowsThatMatter() throws {
        let bench = try ExpressionBench([
            ("x", Self.column(.bigint, [.integer(0), .integer(2), .null, .integer(5)]))
        ])
        #expect(bench.rows("10 / x") == ["error 22012"])
        #expect(bench.rows("x <> 0 AND 10 / x > 3") == ["false", "true", "NULL", "false"])
        #expect(bench.rows("x = 0 OR 10 / x > 3") == ["true", "true", "NULL", "false"])
        #expect(bench.rows("CASE WHEN x = 0 THEN -1 ELSE 10 / x END") == ["-1", "5", "NULL", "2"])
        #expect(bench.rows("coalesce(nullif(x, 0), -1)") == ["-1", "2", "-1", "5"])
        #expect(bench.rows("x IN (2, NULL)") == ["NULL", "true", "NULL", "NULL"])
        #expect(bench.rows("x IS DISTINCT FROM 2") == ["true", "false", "true", "true"])
        #expect(bench.rows("greatest(x, 1)") == ["1", "2", "1", "5"])
        #expect(bench.rows("x::text || '!'") == ["0!", "2!", "NULL", "5!"])
        #expect(bench.rows("x + 1.5") == ["1.5", "3.5", "NULL", "6.5"])
    }

    @Test func garbageInNullRowsRaisesNothing() throws {
        let vector = Vector(
            integers: [.max, 1], validity: Validity([false, true]))
        let doubles = Vector(doubles: [-1, 4], validity: Validity([false, true]))
        let bench = try ExpressionBench([("x", vector), ("y", doubles)])
        #expect(bench.rows("x + 1") == ["NULL", "2"])
        #expect(bench.rows("x * x") == ["NULL", "1"])
        #expect(bench.rows("sqrt(y)") == ["NULL", "2"])
        #expect(bench.rows("x::integer") == ["NULL", "1"])
        #expect(bench.rows("y / (y + 1)") == ["NULL", "0.8"])
    }

    @Test func dictionariesAnswerAsTextsDo() throws {
        let values = ["north", nil, "South", "north", "", "Ærø", nil, "south"]
        let plain = Self.column(.text, values.map { $0.map { .text($0) } ?? .null })
        let byCode = try ExpressionBench([("s", Self.tags(values))])
        let byText = try ExpressionBench([("s", plain)])
        for expression in [
            "s = 'north'", "s <> 'north'", "s > 'o'", "s LIKE '%th'", "s NOT ILIKE 's%'",
            "s IN ('north', '')", "s NOT IN ('north', NULL)", "s IS NULL", "upper(s)",
            "lower(s)", "coalesce(s, 'none')", "CASE WHEN s = 'north' THEN 1 ELSE 2 END",
            "length(s) + 1", "s || '!'", "s || s", "s", "nullif(s, 'north')", "concat(s, 'x')",
            "starts_with(s, 'n') OR s IS NULL", "greatest(s, 'o')", "s IS DISTINCT FROM 'north'",
        ] {
            #expect(byCode.rows(expression) == byText.rows(expression), "\(expression)")
        }
    }

    @Test func aDictionaryIsComputedOnce() throws {
        let bench = try ExpressionBench([("s", Self.tags(["a", "b"]))])
        let evaluator = ExpressionEvaluator(
            try bench.bound("upper(s)"), environment: bench.environment)
        let tags = Self.tags(["b", nil, "a", "b"])
        let first = try evaluator.evaluate(Batch([tags], rowCount: 4))
        let second = try evaluator.evaluate(Batch([tags.slice(1..<4)], rowCount: 3))
        guard case .dictionary(let one) = first.storage, case .dictionary(let two) = second.storage
        else {
            Issue.record("the result is no dictionary")
            return
        }
        #expect(one.dictionary === two.dictionary)
        #expect(second.value(2) == .text("B"))
        #expect(second.value(0) == .null)
    }

    @Test func anEntryThatDoesNotOccurRaisesNothing() throws {
        let all = Self.tags(["1", "x", "2"])
        let bench = try ExpressionBench([("s", all.gather([0, 2]))])
        #expect(bench.rows("s::bigint + 1") == ["2", "3"])
    }

    /// Numbers on either side, as columns and as constants, against a row by row model.
    @Test(arguments: 0..<20)
    func operatorsEqualTheirModel(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let count = Int.random(in: 1...70, using: &generator)
        func random() -> Value {
            if Int.random(in: 0..<5, using: &generator) == 0 { return .null }
            return [
                .double(.nan), .double(-1.5), .double(0), .double(2), .double(.infinity),
            ][Int.random(in: 0..<5, using: &generator)]
        }
        let a = (0..<count).map { _ in random() }
        let b = (0..<count).map { _ in random() }
        let bench = try ExpressionBench([
            ("a", Self.column(.double, a)), ("b", Self.column(.double, b)),
        ])
        func isLess(_ x: Double, _ y: Double) -> Bool { x < y || (y.isNaN && !x.isNaN) }
        for (symbol, model) in [
            ("<", isLess), (">", { isLess($1, $0) }), ("<=", { !isLess($1, $0) }),
            (">=", { !isLess($0, $1) }), ("=", { !isLess($0, $1) && !isLess($1, $0) }),
            ("<>", { isLess($0, $1) || isLess($1, $0) }),
        ] as [(String, (Double, Double) -> Bool)] {
            func expected(_ left: [Value], _ right: [Value]) -> [Value] {
                zip(left, right).map {
                    guard case .double(let x) = $0, case .double(let y) = $1 else { return .null }
                    return .boolean(model(x, y))
                }
            }
            func values(_ text: String) throws -> [Value] {
                let vector = try bench.evaluate(text)
                return (0..<count).map { vector.value($0) }
            }
            #expect(try values("a \(symbol) b") == expected(a, b), "a \(symbol) b")
            let two = [Value](repeating: .double(2), count: count)
            #expect(try values("a \(symbol) 2.0") == expected(a, two), "a \(symbol) 2")
            #expect(try values("2.0 \(symbol) b") == expected(two, b), "2 \(symbol) b")
            let nan = [Value](repeating: .double(.nan), count: count)
            #expect(try values("a \(symbol) 'NaN'") == expected(a, nan), "a \(symbol) NaN")
        }
    }

    @Test(arguments: 0..<30)
    func likeEqualsItsModel(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        func random(_ letters: [String], _ most: Int) -> String {
            (0..<Int.random(in: 0...most, using: &generator))
                .map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }.joined()
        }
        for _ in 0..<100 {
            let text = random(["a", "b", "ø"], 8)
            let pattern = random(["a", "b", "ø", "%", "_"], 6)
            let prepared = try LikePattern(Array(pattern.utf8)[...], ignoresCase: false)
            let expected = Self.model(
                Array(text.unicodeScalars)[...], Array(pattern.unicodeScalars)[...])
            #expect(
                prepared.matches(Array(text.utf8)[...]) == expected, "\(text) LIKE \(pattern)")
        }
    }

    static func model(
        _ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "%" {
            return (text.startIndex...text.endIndex).contains {
                model(text[$0...], pattern.dropFirst())
            }
        }
        guard let letter = text.first, first == "_" || first == letter else { return false }
        return model(text.dropFirst(), pattern.dropFirst())
    }
}
