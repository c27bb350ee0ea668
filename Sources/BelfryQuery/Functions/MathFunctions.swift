import BelfryCore

/// Functions of numbers, and distances on the globe.
enum MathFunctions {
    static let signatures: [FunctionSignature] =
        rounding + powers + trigonometry + [
            FunctionSignature("abs", [.bigint], .bigint) {
                (arguments, _, _) throws(QueryError) in
                let result = try Lanes.mapChecked(
                    arguments[0].integers, Int64(0), arguments[0].validity
                ) { (value) throws(QueryError) -> Int64 in
                    if value == .min { throw ArithmeticKernels.integerRange }
                    return abs(value)
                }
                return Vector(integers: result, validity: arguments[0].validity)
            },
            FunctionSignature("abs", [.double], .double) { arguments, _, _ in
                map(arguments) { $0.magnitude }
            },
            FunctionSignature("sign", [.double], .double) { arguments, _, _ in
                map(arguments) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0.isNaN ? $0 : 0 }
            },
            FunctionSignature("mod", [.bigint, .bigint], .bigint) {
                (arguments, rowCount, _) throws(QueryError) in
                try ArithmeticKernels.remainder(arguments[0], arguments[1], rowCount)
            },
            FunctionSignature("mod", [.double, .double], .double) {
                (arguments, rowCount, _) throws(QueryError) in
                try ArithmeticKernels.remainderDoubles(arguments[0], arguments[1], rowCount)
            },
            FunctionSignature("div", [.bigint, .bigint], .bigint) {
                (arguments, rowCount, _) throws(QueryError) in
                try ArithmeticKernels.divide(arguments[0], arguments[1], rowCount)
            },
            FunctionSignature("pi", [], .double) { _, _, _ in Vector(doubles: [Double.pi]) },
            FunctionSignature("random", [], .double, isPure: false) { _, rowCount, _ in
                Vector(doubles: (0..<rowCount).map { _ in Double.random(in: 0..<1) })
            },
            FunctionSignature("isnan", [.double], .boolean) { arguments, _, _ in
                Vector(
                    booleans: Lanes.map(arguments[0].doubles, false) { $0.isNaN },
                    validity: arguments[0].validity)
            },
            FunctionSignature(
                "geo_distance", [.double, .double, .double, .double], .double
            ) { arguments, rowCount, _ in
                distances(arguments, rowCount)
            },
        ]

    private static let rounding: [FunctionSignature] = [
        FunctionSignature("round", [.bigint], .bigint) { arguments, _, _ in arguments[0] },
        FunctionSignature("floor", [.bigint], .bigint) { arguments, _, _ in arguments[0] },
        FunctionSignature("ceil", [.bigint], .bigint) { arguments, _, _ in arguments[0] },
        FunctionSignature("ceiling", [.bigint], .bigint) { arguments, _, _ in arguments[0] },
        FunctionSignature("trunc", [.bigint], .bigint) { arguments, _, _ in arguments[0] },
        // Halves go to the even neighbour, as PostgreSQL rounds doubles.
        FunctionSignature("round", [.double], .double) { arguments, _, _ in
            map(arguments) { $0.rounded(.toNearestOrEven) }
        },
        FunctionSignature("floor", [.double], .double) { arguments, _, _ in
            map(arguments) { $0.rounded(.down) }
        },
        FunctionSignature("ceil", [.double], .double) { arguments, _, _ in
            map(arguments) { $0.rounded(.up) }
        },
        FunctionSignature("ceiling", [.double], .double) { arguments, _, _ in
            map(arguments) { $0.rounded(.up) }
        },
        FunctionSignature("trunc", [.double], .double) { arguments, _, _ in
            map(arguments) { $0.rounded(.towardZero) }
        },
        FunctionSignature("round", [.double, .bigint], .double) { arguments, rowCount, _ in
            toDigits(arguments, rowCount, isTruncated: false)
        },
        FunctionSignature("trunc", [.double, .bigint], .double) { arguments, rowCount, _ in
            toDigits(arguments, rowCount, isTruncated: true)
        },
    ]

    private static let powers: [FunctionSignature] = [
        FunctionSignature("sqrt", [.double], .double) { (arguments, _, _) throws(QueryError) in
            try mapChecked(arguments) { (value) throws(QueryError) -> Double in
                if value < 0 {
                    throw QueryError("2201F", "cannot take square root of a negative number")
                }
                return value.squareRoot()
            }
        },
        FunctionSignature("cbrt", [.double], .double) { arguments, _, _ in
            map(arguments) { Mathematics.cubeRoot($0) }
        },
        FunctionSignature("power", [.double, .double], .double) {
            (arguments, rowCount, _) throws(QueryError) in
            try ArithmeticKernels.power(arguments[0], arguments[1], rowCount)
        },
        FunctionSignature("pow", [.double, .double], .double) {
            (arguments, rowCount, _) throws(QueryError) in
            try ArithmeticKernels.power(arguments[0], arguments[1], rowCount)
        },
        FunctionSignature("exp", [.double], .double) { (arguments, _, _) throws(QueryError) in
            try mapChecked(arguments) { (value) throws(QueryError) -> Double in
                let result = Mathematics.exponential(value)
                if result.isInfinite && value.isFinite { throw ArithmeticKernels.doubleOverflow }
                if result == 0 && value.isFinite { throw ArithmeticKernels.doubleUnderflow }
                return result
            }
        },
        FunctionSignature("ln", [.double], .double) { (arguments, _, _) throws(QueryError) in
            try logarithms(arguments) { Mathematics.naturalLogarithm($0) }
        },
        FunctionSignature("log", [.double], .double) { (arguments, _, _) throws(QueryError) in
            try logarithms(arguments) { Mathematics.decimalLogarithm($0) }
        },
        FunctionSignature("log10", [.double], .double) { (arguments, _, _) throws(QueryError) in
            try logarithms(arguments) { Mathematics.decimalLogarithm($0) }
        },
        FunctionSignature("log", [.double, .double], .double) {
            (arguments, rowCount, _) throws(QueryError) in
            let validity = Lanes.validity(arguments, rowCount: rowCount)
            let result = try Lanes.zipChecked(
                arguments[0].doubles, arguments[1].doubles, rowCount, 0.0, validity
            ) { (base, value) throws(QueryError) -> Double in
                try checkLogarithm(base)
                try checkLogarithm(value)
                if base == 1 { throw ArithmeticKernels.divisionByZero }
                if base == 2 { return Mathematics.binaryLogarithm(value) }
                if base == 10 { return Mathematics.decimalLogarithm(value) }
                return Mathematics.naturalLogarithm(value) / Mathematics.naturalLogarithm(base)
            }
            return Vector(doubles: result, validity: validity)
        },
    ]

    private static let trigonometry: [FunctionSignature] = [
        FunctionSignature("sin", [.double], .double) { arguments, _, _ in
            map(arguments) { Mathematics.sine($0) }
        },
        FunctionSignature("cos", [.double], .double) { arguments, _, _ in
            map(arguments) { Mathematics.cosine($0) }
        },
        FunctionSignature("tan", [.double], .double) { arguments, _, _ in
            map(arguments) { Mathematics.tangent($0) }
        },
        FunctionSignature("asin", [.double], .double) { (arguments, _, _) throws(QueryError) in
            try mapChecked(arguments) { (value) throws(QueryError) -> Double in
                if value.magnitude > 1 { throw QueryError("22003", "input is out of range") }
                return Mathematics.arcSine(value)
            }
        },
        FunctionSignature("acos", [.double], .double) { (arguments, _, _) throws(QueryError) in
            try mapChecked(arguments) { (value) throws(QueryError) -> Double in
                if value.magnitude > 1 { throw QueryError("22003", "input is out of range") }
                return Mathematics.arcCosine(value)
            }
        },
        FunctionSignature("atan", [.double], .double) { arguments, _, _ in
            map(arguments) { Mathematics.arcTangent($0) }
        },
        FunctionSignature("atan2", [.double, .double], .double) { arguments, rowCount, _ in
            Vector(
                doubles: Lanes.zip(
                    arguments[0].doubles, arguments[1].doubles, rowCount, 0.0
                ) { Mathematics.arcTangent($0, over: $1) },
                validity: Lanes.validity(arguments, rowCount: rowCount))
        },
        FunctionSignature("radians", [.double], .double) { arguments, _, _ in
            map(arguments) { $0 * (Double.pi / 180) }
        },
        FunctionSignature("degrees", [.double], .double) { arguments, _, _ in
            map(arguments) { $0 * (180 / Double.pi) }
        },
    ]

    @inline(__always)
    private static func map(_ arguments: [Vector], _ body: (Double) -> Double) -> Vector {
        Vector(
            doubles: Lanes.map(arguments[0].doubles, 0.0, body), validity: arguments[0].validity)
    }

    @inline(__always)
    private static func mapChecked(
        _ arguments: [Vector], _ body: (Double) throws(QueryError) -> Double
    ) throws(QueryError) -> Vector {
        Vector(
            doubles: try Lanes.mapChecked(
                arguments[0].doubles, 0.0, arguments[0].validity, body),
            validity: arguments[0].validity)
    }

    @inline(__always)
    private static func logarithms(_ arguments: [Vector], _ body: (Double) -> Double)
        throws(QueryError) -> Vector
    {
        try mapChecked(arguments) { (value) throws(QueryError) -> Double in
            try checkLogarithm(value)
            return body(value)
        }
    }

    private static func checkLogarithm(_ value: Double) throws(QueryError) {
        if value == 0 { throw QueryError("2201E", "cannot take logarithm of zero") }
        if value < 0 { throw QueryError("2201E", "cannot take logarithm of a negative number") }
    }

    private static func toDigits(_ arguments: [Vector], _ rowCount: Int, isTruncated: Bool)
        -> Vector
    {
        Vector(
            doubles: Lanes.zip(
                arguments[0].doubles, arguments[1].integers, rowCount, 0.0
            ) {
                Mathematics.rounded(
                    $0, digits: Int(max(-400, min(400, $1))), isTruncated: isTruncated)
            },
            validity: Lanes.validity(arguments, rowCount: rowCount))
    }

    private static func distances(_ arguments: [Vector], _ rowCount: Int) -> Vector {
        let values = arguments.map(\.doubles)
        let steps = values.map { $0.count == rowCount ? 1 : 0 }
        var result = [Double](repeating: 0, count: rowCount)
        for row in 0..<rowCount {
            result[row] = Mathematics.distance(
                latitude1: values[0][row * steps[0]], longitude1: values[1][row * steps[1]],
                latitude2: values[2][row * steps[2]], longitude2: values[3][row * steps[3]])
        }
        return Vector(doubles: result, validity: Lanes.validity(arguments, rowCount: rowCount))
    }
}
