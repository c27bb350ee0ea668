import BelfryCore
import BelfrySQL

/// The functions behind operators, chosen by the types on either side.
enum Operators {
    /// What an arithmetic operator takes and gives.
    struct Form {
        let left: DataType
        let right: DataType
        let result: DataType
        let function: ScalarFunction
    }

    static func comparison(_ symbol: BinaryOperator) -> ScalarFunction {
        switch symbol {
        case .isDistinctFrom, .isNotDistinctFrom:
            let isNegated = symbol == .isNotDistinctFrom
            return ScalarFunction(name: symbol.rawValue.lowercased()) { arguments, rowCount, _ in
                ComparisonKernels.isDistinct(
                    arguments[0], arguments[1], rowCount: rowCount, isNegated: isNegated)
            }
        default:
            let comparison = Comparison(rawValue: symbol.rawValue) ?? .equal
            return ScalarFunction(name: symbol.rawValue) { arguments, rowCount, _ in
                ComparisonKernels.compare(
                    comparison, arguments[0], arguments[1], rowCount: rowCount)
            }
        }
    }

    /// - Parameter pattern: prepared once where it is a constant.
    static func like(
        _ pattern: BoundExpression, escape: UInt8?, ignoresCase: Bool, at span: SourceSpan
    ) throws(QueryError) -> ScalarFunction {
        // Another escape character is another function to the rules that know LIKE.
        let name =
            (ignoresCase ? "ilike" : "like") + (escape == UInt8(ascii: "\\") ? "" : " escape")
        if case .constant(.text(let text), _) = pattern {
            let prepared: LikePattern
            do {
                prepared = try LikePattern(
                    Array(text.utf8)[...], escape: escape, ignoresCase: ignoresCase)
            } catch {
                throw error.placed(at: span)
            }
            return ScalarFunction(name: name) { arguments, rowCount, _ in
                let texts = TextView(arguments[0], rowCount: rowCount)
                var result = [Bool](repeating: false, count: rowCount)
                for row in 0..<rowCount where texts.isValid(row) {
                    result[row] = prepared.matches(texts[row])
                }
                return Vector(
                    booleans: result, validity: Lanes.validity(arguments, rowCount: rowCount))
            }
        }
        return ScalarFunction(name: name) { (arguments, rowCount, _) throws(QueryError) in
            let texts = TextView(arguments[0], rowCount: rowCount)
            let patterns = TextView(arguments[1], rowCount: rowCount)
            let validity = Lanes.validity(arguments, rowCount: rowCount)
            var result = [Bool](repeating: false, count: rowCount)
            for row in 0..<rowCount where validity.isValid(row) {
                let prepared = try LikePattern(
                    patterns[row], escape: escape, ignoresCase: ignoresCase)
                result[row] = prepared.matches(texts[row])
            }
            return Vector(booleans: result, validity: validity)
        }
    }

    static func negation(_ type: DataType) -> ScalarFunction {
        if type == .double {
            return ScalarFunction(name: "-") { arguments, _, _ in
                Vector(
                    doubles: Lanes.map(arguments[0].doubles, 0.0) { -$0 },
                    validity: arguments[0].validity)
            }
        }
        if type == .interval {
            return ScalarFunction(name: "-") { (arguments, _, _) throws(QueryError) in
                let result = try Lanes.mapChecked(
                    arguments[0].intervals, Interval.zero, arguments[0].validity
                ) { (value) throws(QueryError) -> Interval in try value.negated().orOutOfRange() }
                return Vector(.interval, .intervals(result), validity: arguments[0].validity)
            }
        }
        return ScalarFunction(name: "-") { (arguments, _, _) throws(QueryError) in
            try ArithmeticKernels.negate(arguments[0])
        }
    }

    static func arithmetic(_ symbol: BinaryOperator, _ left: DataType, _ right: DataType) -> Form? {
        if left.isNumeric && right.isNumeric { return numbers(symbol, left, right) }
        switch symbol {
        case .add:
            if right.isTemporal && !left.isTemporal {
                return swapped(arithmetic(.add, right, left))
            }
            return times(symbol, left, right)
        case .subtract: return times(symbol, left, right)
        case .multiply:
            if right == .interval && left.isNumeric {
                return swapped(arithmetic(.multiply, right, left))
            }
            return left == .interval && right.isNumeric ? scaled(symbol) : nil
        case .divide: return left == .interval && right.isNumeric ? scaled(symbol) : nil
        default: return nil
        }
    }

    private static func swapped(_ form: Form?) -> Form? {
        guard let form else { return nil }
        let kernel = form.function.kernel
        let function = ScalarFunction(name: form.function.name) {
            (arguments, rowCount, environment) throws(QueryError) in
            try kernel([arguments[1], arguments[0]], rowCount, environment)
        }
        return Form(
            left: form.right, right: form.left, result: form.result, function: function)
    }

    private static func numbers(_ symbol: BinaryOperator, _ left: DataType, _ right: DataType)
        -> Form?
    {
        typealias Kernel = @Sendable (Vector, Vector, Int) throws(QueryError) -> Vector
        let areIntegers = left.isInteger && right.isInteger && symbol != .power
        let kernel: Kernel
        switch symbol {
        case .add:
            kernel = areIntegers ? ArithmeticKernels.add : ArithmeticKernels.addDoubles
        case .subtract:
            kernel = areIntegers ? ArithmeticKernels.subtract : ArithmeticKernels.subtractDoubles
        case .multiply:
            kernel = areIntegers ? ArithmeticKernels.multiply : ArithmeticKernels.multiplyDoubles
        case .divide:
            kernel = areIntegers ? ArithmeticKernels.divide : ArithmeticKernels.divideDoubles
        case .remainder:
            kernel = areIntegers ? ArithmeticKernels.remainder : ArithmeticKernels.remainderDoubles
        case .power: kernel = ArithmeticKernels.power
        default: return nil
        }
        let type: DataType = areIntegers ? .bigint : .double
        return Form(
            left: type, right: type, result: type,
            function: ScalarFunction(name: symbol.rawValue) {
                (arguments, rowCount, _) throws(QueryError) in
                try kernel(arguments[0], arguments[1], rowCount)
            })
    }

    /// Interval times or divided by a number.
    private static func scaled(_ symbol: BinaryOperator) -> Form {
        let isDivision = symbol == .divide
        let function = ScalarFunction(name: symbol.rawValue) {
            (arguments, rowCount, _) throws(QueryError) in
            let validity = Lanes.validity(arguments, rowCount: rowCount)
            let result = try Lanes.zipChecked(
                arguments[0].intervals, arguments[1].doubles, rowCount, Interval.zero, validity
            ) { (interval, factor) throws(QueryError) -> Interval in
                if isDivision && factor == 0 { throw ArithmeticKernels.divisionByZero }
                return try interval.multiplied(by: isDivision ? 1 / factor : factor)
                    .orOutOfRange()
            }
            return Vector(.interval, .intervals(result), validity: validity)
        }
        return Form(left: .interval, right: .double, result: .interval, function: function)
    }

    /// `+` and `-` where the left side is a time or an interval.
    private static func times(_ symbol: BinaryOperator, _ left: DataType, _ right: DataType)
        -> Form?
    {
        let isSubtraction = symbol == .subtract
        if left == .interval && right == .interval {
            return Form(
                left: .interval, right: .interval, result: .interval,
                function: ScalarFunction(name: symbol.rawValue) {
                    (arguments, rowCount, _) throws(QueryError) in
                    let validity = Lanes.validity(arguments, rowCount: rowCount)
                    let result = try Lanes.zipChecked(
                        arguments[0].intervals, arguments[1].intervals, rowCount, Interval.zero,
                        validity
                    ) { (a, b) throws(QueryError) -> Interval in
                        try (isSubtraction ? a.subtracting(b) : a.adding(b)).orOutOfRange()
                    }
                    return Vector(.interval, .intervals(result), validity: validity)
                })
        }
        if left.isTemporal && right == .interval {
            // A date and an interval are a wall time.
            let type: DataType = left == .date ? .timestamp : left
            return Form(
                left: type, right: .interval, result: type,
                function: ScalarFunction(name: symbol.rawValue) {
                    (arguments, rowCount, environment) throws(QueryError) in
                    try TimeKernels.add(
                        arguments[0], arguments[1], rowCount,
                        in: type == .timestamptz ? environment.zone : .utc,
                        isSubtracted: isSubtraction)
                })
        }
        if left == .date && right.isInteger {
            return Form(
                left: .date, right: .bigint, result: .date,
                function: ScalarFunction(name: symbol.rawValue) {
                    (arguments, rowCount, _) throws(QueryError) in
                    let sum =
                        isSubtraction
                        ? try ArithmeticKernels.subtract(arguments[0], arguments[1], rowCount)
                        : try ArithmeticKernels.add(arguments[0], arguments[1], rowCount)
                    let days = sum.integers
                    for row in 0..<rowCount where sum.isValid(row) {
                        guard (-200_000_000...200_000_000).contains(days[row]) else {
                            throw QueryError("22008", "date out of range")
                        }
                    }
                    return sum.retyped(.date)
                })
        }
        guard isSubtraction && left.isTemporal && right.isTemporal else { return nil }
        if left == .date && right == .date {
            return Form(
                left: .date, right: .date, result: .bigint,
                function: ScalarFunction(name: "-") {
                    (arguments, rowCount, _) throws(QueryError) in
                    try ArithmeticKernels.subtract(arguments[0], arguments[1], rowCount)
                })
        }
        let type: DataType =
            left == .timestamptz || right == .timestamptz ? .timestamptz : .timestamp
        return Form(
            left: type, right: type, result: .interval,
            function: ScalarFunction(name: "-") { (arguments, rowCount, _) throws(QueryError) in
                try TimeKernels.difference(arguments[0], arguments[1], rowCount)
            })
    }
}

extension Optional<Interval> {
    func orOutOfRange() throws(QueryError) -> Interval {
        guard let self else { throw QueryError("22008", "interval out of range") }
        return self
    }
}
