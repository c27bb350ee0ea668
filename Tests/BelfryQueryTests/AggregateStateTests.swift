import BelfryCore
import BelfrySQL
import BelfryTestSupport
import Testing

@testable import BelfryQuery

/// Aggregate states against loops over plain values: as runs, scattered, and merged.
struct AggregateStateTests {
    /// An aggregate of columns `x` (of a type), `y` (double) and `t` (bigint).
    static func call(_ text: String, _ columns: [(String, Vector)]) throws -> AggregateCall {
        let bench = try ExpressionBench(columns)
        guard case .call(let call) = try ExpressionBench.parse(text) else {
            throw QueryError("42601", "no call")
        }
        return try ExpressionBinder(scope: bench, environment: bench.environment)
            .bindAggregate(call, inputScope: bench, timeColumn: try bench.bound("t"))
    }

    struct Input {
        var columns: [(String, Vector)]
        var groups: [UInt32]
        var groupCount: Int
    }

    static func input(_ type: DataType, _ generator: inout SeededGenerator) -> Input {
        let count = Int.random(in: 0...200, using: &generator)
        let groupCount = Int.random(in: 1...5, using: &generator)
        let withNulls = Bool.random(using: &generator)
        func random(_ type: DataType) -> Value {
            if withNulls && Int.random(in: 0..<4, using: &generator) == 0 { return .null }
            let number = Int64.random(in: -50...50, using: &generator)
            switch type {
            case .double: return .double(Double(number) / 8)
            case .text: return .text(["", "a", "ab", "b", "æ"][Int(number + 50) % 5])
            case .boolean: return .boolean(number > 0)
            case .interval: return .interval(Interval(days: 1, nanoseconds: number))
            default: return .integer(number)
            }
        }
        let values = (0..<count).map { _ in random(type) }
        let others = (0..<count).map { _ in random(.double) }
        let times = (0..<count).map { _ in
            Value.integer(Int64.random(in: 0..<20, using: &generator))
        }
        var groups: [UInt32] = []
        while groups.count < count {
            let group = UInt32.random(in: 0..<UInt32(groupCount), using: &generator)
            let run = Int.random(in: 1...9, using: &generator)
            for _ in 0..<min(run, count - groups.count) { groups.append(group) }
        }
        return Input(
            columns: [
                ("x", ExpressionVectorTests.column(type, values)),
                ("y", ExpressionVectorTests.column(.double, others)),
                ("t", ExpressionVectorTests.column(.bigint, times)),
            ], groups: groups, groupCount: groupCount)
    }

    /// The results by runs, by rows, and of two halves merged into each other's groups.
    static func results(_ call: AggregateCall, _ input: Input) throws -> [[Value]] {
        let count = input.groups.count
        let batch = Batch(input.columns.map(\.1), rowCount: count)
        let environment = try ExpressionBench().environment
        let arguments = try call.arguments.map {
            try ExpressionEvaluator($0, environment: environment).evaluate(batch)
        }
        func finished(_ state: any AggregateState) throws -> [Value] {
            let vector = try state.finish(0..<input.groupCount)
            return (0..<input.groupCount).map { vector.value($0) }
        }
        func addRuns(_ state: any AggregateState, _ rows: Range<Int>) throws {
            var start = rows.lowerBound
            while start < rows.upperBound {
                var end = start + 1
                while end < rows.upperBound && input.groups[end] == input.groups[start] { end += 1 }
                try state.add(arguments, rows: start..<end, group: Int(input.groups[start]))
                start = end
            }
        }
        let byRuns = call.function.makeState()
        byRuns.grow(to: 1)
        byRuns.grow(to: input.groupCount)
        try addRuns(byRuns, 0..<count)
        let byRows = call.function.makeState()
        byRows.grow(to: input.groupCount)
        try byRows.add(arguments, groups: input.groups)
        // The second half numbers its groups backwards.
        let first = call.function.makeState()
        first.grow(to: input.groupCount)
        try addRuns(first, 0..<count / 2)
        let second = call.function.makeState()
        second.grow(to: input.groupCount)
        let back = UInt32(input.groupCount - 1)
        try second.add(
            arguments.map { $0.slice(count / 2..<count) },
            groups: input.groups[(count / 2)...].map { back - $0 })
        try first.merge(second, into: (0...back).map { back - $0 })
        return try [finished(byRuns), finished(byRows), finished(first)]
    }

    static func values(_ input: Input, _ column: Int, group: Int) -> [(row: Int, value: Value)] {
        input.groups.indices.filter { Int(input.groups[$0]) == group }
            .map { ($0, input.columns[column].1.value($0)) }
    }

    static func doubles(_ rows: [(row: Int, value: Value)]) -> [Double] {
        rows.compactMap {
            switch $0.value {
            case .double(let value): value
            case .integer(let value): Double(value)
            default: nil
            }
        }
    }

    static func close(_ left: Value, _ right: Double?) -> Bool {
        switch (left, right) {
        case (.null, nil): true
        case (.double(let a), let b?):
            abs(a - b) <= 1e-9 * max(1, abs(a), abs(b)) || a.isNaN && b.isNaN
        case (.integer(let a), let b?): Double(a) == b
        default: false
        }
    }

    static func abs(_ value: Double) -> Double { value.magnitude }

    /// Of numbers: name and model over the values that are not NULL.
    static let numeric: [(String, @Sendable ([Double]) -> Double?)] = [
        ("count(x)", { Double($0.count) }),
        ("sum(x)", { $0.isEmpty ? nil : $0.reduce(0, +) }),
        ("avg(x)", { $0.isEmpty ? nil : $0.reduce(0, +) / Double($0.count) }),
        ("min(x)", { $0.min() }), ("max(x)", { $0.max() }),
        ("var_pop(x)", { variance($0, 0) }), ("variance(x)", { variance($0, 1) }),
        ("stddev(x)", { variance($0, 1)?.squareRoot() }),
        ("stddev_pop(x)", { variance($0, 0)?.squareRoot() }),
        ("median(x)", { percentile($0, 0.5) }),
        ("percentile_cont(0.9) WITHIN GROUP (ORDER BY x)", { percentile($0, 0.9) }),
        (
            "percentile_disc(0.5) WITHIN GROUP (ORDER BY x)",
            {
                $0.isEmpty
                    ? nil : $0.sorted()[max(0, Int((0.5 * Double($0.count)).rounded(.up)) - 1)]
            }
        ),
        ("approx_count_distinct(x)", { Double(Set($0).count) }),
    ]

    static func variance(_ values: [Double], _ lost: Double) -> Double? {
        guard Double(values.count) > lost else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (Double(values.count) - lost)
    }

    static func percentile(_ values: [Double], _ share: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let place = share * Double(sorted.count - 1)
        let low = Int(place.rounded(.down))
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
    }

    @Test(arguments: 0..<30)
    func numbersEqualTheirModel(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        for type in [DataType.bigint, .double] {
            let input = Self.input(type, &generator)
            for (text, model) in Self.numeric {
                let call = try Self.call(text, input.columns)
                for results in try Self.results(call, input) {
                    for group in 0..<input.groupCount {
                        let expected = model(Self.doubles(Self.values(input, 0, group: group)))
                        #expect(
                            Self.close(results[group], expected),
                            "\(text) \(type): \(results[group]), not \(expected ?? .nan)")
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<30)
    func anyTypeEqualsItsModel(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed) + 100)
        for type in [DataType.bigint, .double, .text, .boolean, .interval] {
            let input = Self.input(type, &generator)
            func check(_ text: String, _ model: ([(row: Int, value: Value)]) -> Value) throws {
                let call = try Self.call(text, input.columns)
                #expect(call.type == type)
                for results in try Self.results(call, input) {
                    for group in 0..<input.groupCount {
                        let rows = Self.values(input, 0, group: group).filter { !$0.value.isNull }
                        #expect(results[group] == model(rows), "\(text) \(type)")
                    }
                }
            }
            func time(_ row: Int) -> Int64 {
                guard case .integer(let time) = input.columns[2].1.value(row) else { return -1 }
                return time
            }
            let hasTimes = input.columns[2].1.validity.isAll
            guard hasTimes else { continue }
            try check("first(x)") { rows in
                var best: (row: Int, value: Value)?
                for row in rows where best.map({ time(row.row) < time($0.row) }) ?? true {
                    best = row
                }
                return best?.value ?? .null
            }
            try check("last(x)") { rows in
                var best: (row: Int, value: Value)?
                for row in rows where best.map({ time(row.row) >= time($0.row) }) ?? true {
                    best = row
                }
                return best?.value ?? .null
            }
            try check("arg_max(x, t)") { rows in
                var best: (row: Int, value: Value)?
                for row in rows where best.map({ time(row.row) > time($0.row) }) ?? true {
                    best = row
                }
                return best?.value ?? .null
            }
        }
    }

    @Test func pairsEqualTheirModel() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20 {
            let input = Self.input(.double, &generator)
            for text in [
                "corr(x, y)", "covar_pop(x, y)", "covar_samp(x, y)", "regr_slope(x, y)",
                "regr_intercept(x, y)", "regr_r2(x, y)", "regr_count(x, y)",
            ] {
                let call = try Self.call(text, input.columns)
                for results in try Self.results(call, input) {
                    for group in 0..<input.groupCount {
                        let expected = Self.pairModel(text, input, group)
                        #expect(
                            Self.close(results[group], expected),
                            "\(text): \(results[group]), \(String(describing: expected))")
                    }
                }
            }
        }
    }

    static func pairModel(_ text: String, _ input: Input, _ group: Int) -> Double? {
        var ys: [Double] = []
        var xs: [Double] = []
        for row in input.groups.indices where Int(input.groups[row]) == group {
            guard case .double(let y) = input.columns[0].1.value(row),
                case .double(let x) = input.columns[1].1.value(row)
            else { continue }
            ys.append(y)
            xs.append(x)
        }
        let count = Double(xs.count)
        if text.hasPrefix("regr_count") { return count }
        if xs.isEmpty { return nil }
        let meanX = xs.reduce(0, +) / count
        let meanY = ys.reduce(0, +) / count
        let squaresX = xs.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
        let squaresY = ys.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
        let products = zip(xs, ys).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
        if text.hasPrefix("covar_pop") { return products / count }
        if text.hasPrefix("covar_samp") { return count > 1 ? products / (count - 1) : nil }
        if squaresX == 0 { return nil }
        if text.hasPrefix("regr_slope") { return products / squaresX }
        if text.hasPrefix("regr_intercept") { return meanY - meanX * products / squaresX }
        if text.hasPrefix("regr_r2") {
            return squaresY == 0 ? 1 : products * products / (squaresX * squaresY)
        }
        return squaresY == 0 ? nil : products / (squaresX * squaresY).squareRoot()
    }

    static func one(_ text: String, _ type: DataType, _ values: [Value]) throws -> Value {
        let input = Input(
            columns: [
                ("x", ExpressionVectorTests.column(type, values)),
                ("y", ExpressionVectorTests.column(.double, values.map { _ in .double(1) })),
                ("t", ExpressionVectorTests.column(.bigint, values.map { _ in .integer(1) })),
            ], groups: values.map { _ in 0 }, groupCount: 1)
        let results = try results(try call(text, input.columns), input)
        #expect(results[0] == results[1] && results[1] == results[2], "\(text): \(results)")
        return results[0][0]
    }

    @Test func sumsAreCompensated() throws {
        let values = [1e16, 1, -1e16, 1, 1e-3, 1e16, -1e16].map { Value.double($0) }
        #expect(try Self.one("sum(x)", .double, values) == .double(2.001))
        let tenths = [Value](repeating: .double(0.1), count: 1_000)
        #expect(try Self.one("sum(x)", .double, tenths) == .double(100))
        #expect(try Self.one("avg(x)", .double, tenths) == .double(0.1))
    }

    @Test func specialNumbersInSums() throws {
        #expect(
            try Self.one("sum(x)", .double, [.double(1), .double(.infinity), .double(2)])
                == .double(.infinity))
        let both = try Self.one("sum(x)", .double, [.double(.infinity), .double(-.infinity)])
        guard case .double(let value) = both, value.isNaN else {
            Issue.record("infinities of both signs give \(both)")
            return
        }
        #expect(throws: QueryError.self) {
            try Self.one("sum(x)", .double, [Value](repeating: .double(1e308), count: 20))
        }
    }

    @Test func integerSumsOverflowOnlyAtTheEnd() throws {
        #expect(
            try Self.one("sum(x)", .bigint, [.integer(.max), .integer(.max), .integer(.min)])
                == .integer(.max - 1))
        #expect(throws: QueryError.self) {
            try Self.one("sum(x)", .bigint, [.integer(.max), .integer(1)])
        }
        #expect(
            try Self.one("avg(x)", .bigint, [.integer(.max), .integer(.max)])
                == .double(9.223372036854775807e18))
    }

    @Test func othersByExample() throws {
        #expect(try Self.one("count(*)", .bigint, [.null, .integer(1)]) == .integer(2))
        #expect(
            try Self.one("bool_and(x)", .boolean, [.boolean(true), .null, .boolean(true)])
                == .boolean(true))
        #expect(
            try Self.one("bool_or(x)", .boolean, [.boolean(false), .boolean(true)])
                == .boolean(true))
        #expect(try Self.one("bool_or(x)", .boolean, [.null]) == .null)
        #expect(
            try Self.one("string_agg(x, ', ')", .text, [.text("a"), .null, .text("b")])
                == .text("a, b"))
        #expect(
            try Self.one(
                "mode() WITHIN GROUP (ORDER BY x)", .text,
                [
                    .text("b"), .text("a"), .text("b"), .text("a"), .text("c"),
                ]) == .text("a"))
        #expect(
            try Self.one(
                "avg(x)", .interval,
                [
                    .interval(Interval(days: 1)), .interval(Interval(days: 2)),
                ]) == .interval(Interval(days: 1, nanoseconds: 43_200_000_000_000)))
        #expect(try Self.one("corr(x, y)", .double, [.double(1), .double(2)]) == .null)
        #expect(
            try Self.one("max(x)", .double, [.double(1), .double(.nan), .double(3)]).isNaN)
    }

    @Test(arguments: [
        ("sum('x'::text)", "42804"), ("first(x, 1, 2)", "42883"), ("corr(x)", "42883"),
        ("max(true)", "42883"), ("sum(*)", "42883"), ("count()", "42883"),
        ("percentile_cont(2) WITHIN GROUP (ORDER BY x)", "22003"),
    ])
    func refuses(_ text: String, _ code: String) throws {
        let columns = [
            ("x", Vector(integers: [1])), ("y", Vector(doubles: [1])), ("t", Vector(integers: [1])),
        ]
        let error = #expect(throws: QueryError.self) { try Self.call(text, columns) }
        #expect(error?.code == code)
    }
}

extension Value {
    fileprivate var isNaN: Bool {
        if case .double(let value) = self { return value.isNaN }
        return false
    }
}
