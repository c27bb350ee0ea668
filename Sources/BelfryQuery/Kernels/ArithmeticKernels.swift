import BelfryCore

/// The four operations, remainder and power, as PostgreSQL does them: whole numbers and doubles
/// that leave their range are errors, and so is a division by zero.
///
/// The loops do the whole vector first and note whether anything went wrong; only then does a
/// second look find out whether a row with a value was to blame.
enum ArithmeticKernels {
    static let integerRange = QueryError("22003", "bigint out of range")
    static let doubleOverflow = QueryError("22003", "value out of range: overflow")
    static let doubleUnderflow = QueryError("22003", "value out of range: underflow")
    static let divisionByZero = QueryError("22012", "division by zero")

    // MARK: Whole numbers

    static func add(_ left: Vector, _ right: Vector, _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        let a = left.integers
        let b = right.integers
        var flags: Int64 = 0
        let result = Lanes.zip(a, b, rowCount, Int64(0)) { x, y in
            let sum = x &+ y
            flags |= (x ^ sum) & (y ^ sum)
            return sum
        }
        return try checked(result, left, right, rowCount, isSuspect: flags < 0) {
            $0.addingReportingOverflow($1).overflow
        }
    }

    static func subtract(_ left: Vector, _ right: Vector, _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        let a = left.integers
        let b = right.integers
        var flags: Int64 = 0
        let result = Lanes.zip(a, b, rowCount, Int64(0)) { x, y in
            let difference = x &- y
            flags |= (x ^ y) & (x ^ difference)
            return difference
        }
        return try checked(result, left, right, rowCount, isSuspect: flags < 0) {
            $0.subtractingReportingOverflow($1).overflow
        }
    }

    static func multiply(_ left: Vector, _ right: Vector, _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        let a = left.integers
        let b = right.integers
        var isSuspect = false
        let result = Lanes.zip(a, b, rowCount, Int64(0)) { x, y in
            let (product, overflow) = x.multipliedReportingOverflow(by: y)
            isSuspect = isSuspect || overflow
            return product
        }
        return try checked(result, left, right, rowCount, isSuspect: isSuspect) {
            $0.multipliedReportingOverflow(by: $1).overflow
        }
    }

    private static func checked(
        _ result: [Int64], _ left: Vector, _ right: Vector, _ rowCount: Int, isSuspect: Bool,
        _ overflows: (Int64, Int64) -> Bool
    ) throws(QueryError) -> Vector {
        let validity = Lanes.validity([left, right], rowCount: rowCount)
        if isSuspect {
            let a = left.integers
            let b = right.integers
            for row in 0..<rowCount where validity.isValid(row) {
                if overflows(a[left.place(row, of: rowCount)], b[right.place(row, of: rowCount)]) {
                    throw integerRange
                }
            }
        }
        return Vector(integers: result, validity: validity)
    }

    static func divide(_ left: Vector, _ right: Vector, _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        let validity = Lanes.validity([left, right], rowCount: rowCount)
        let result = try Lanes.zipChecked(
            left.integers, right.integers, rowCount, Int64(0), validity
        ) { (x, y) throws(QueryError) -> Int64 in
            if y == 0 { throw divisionByZero }
            let (quotient, overflow) = x.dividedReportingOverflow(by: y)
            if overflow { throw integerRange }
            return quotient
        }
        return Vector(integers: result, validity: validity)
    }

    static func remainder(_ left: Vector, _ right: Vector, _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        let validity = Lanes.validity([left, right], rowCount: rowCount)
        let result = try Lanes.zipChecked(
            left.integers, right.integers, rowCount, Int64(0), validity
        ) { (x, y) throws(QueryError) -> Int64 in
            if y == 0 { throw divisionByZero }
            return y == -1 ? 0 : x % y
        }
        return Vector(integers: result, validity: validity)
    }

    static func negate(_ operand: Vector) throws(QueryError) -> Vector {
        let result = try Lanes.mapChecked(operand.integers, Int64(0), operand.validity) {
            (x) throws(QueryError) -> Int64 in
            if x == .min { throw integerRange }
            return -x
        }
        return Vector(integers: result, validity: operand.validity)
    }

    // MARK: Doubles

    static func addDoubles(_ left: Vector, _ right: Vector, _ rowCount: Int)
        throws(QueryError) -> Vector
    {
        var isSuspect = false
        let result = Lanes.zip(left.doubles, right.doubles, rowCount, 0.0) { x, y in
            let sum = x + y
            isSuspect = isSuspect || sum.magnitude == .infinity
            return sum
        }
        return try checkedDoubles(result, left, right, rowCount, isSuspect: isSuspect) {
            $2.isInfinite && !$0.isInfinite && !$1.isInfinite ? doubleOverflow : nil
        }
    }

    static func subtractDoubles(_ left: Vector, _ right: Vector, _ rowCount: Int)
        throws(QueryError) -> Vector
    {
        var isSuspect = false
        let result = Lanes.zip(left.doubles, right.doubles, rowCount, 0.0) { x, y in
            let difference = x - y
            isSuspect = isSuspect || difference.magnitude == .infinity
            return difference
        }
        return try checkedDoubles(result, left, right, rowCount, isSuspect: isSuspect) {
            $2.isInfinite && !$0.isInfinite && !$1.isInfinite ? doubleOverflow : nil
        }
    }

    static func multiplyDoubles(_ left: Vector, _ right: Vector, _ rowCount: Int)
        throws(QueryError) -> Vector
    {
        var isSuspect = false
        let result = Lanes.zip(left.doubles, right.doubles, rowCount, 0.0) { x, y in
            let product = x * y
            isSuspect =
                isSuspect || product.magnitude == .infinity || (product == 0 && x != 0 && y != 0)
            return product
        }
        return try checkedDoubles(result, left, right, rowCount, isSuspect: isSuspect) {
            if $2.isInfinite && !$0.isInfinite && !$1.isInfinite { return doubleOverflow }
            return $2 == 0 && $0 != 0 && $1 != 0 ? doubleUnderflow : nil
        }
    }

    static func divideDoubles(_ left: Vector, _ right: Vector, _ rowCount: Int)
        throws(QueryError) -> Vector
    {
        var isSuspect = false
        let result = Lanes.zip(left.doubles, right.doubles, rowCount, 0.0) { x, y in
            let quotient = x / y
            isSuspect =
                isSuspect || y == 0 || quotient.magnitude == .infinity
                || (quotient == 0 && x != 0)
            return quotient
        }
        return try checkedDoubles(result, left, right, rowCount, isSuspect: isSuspect) {
            if $1 == 0 && !$0.isNaN { return divisionByZero }
            if $2.isInfinite && !$0.isInfinite { return doubleOverflow }
            return $2 == 0 && $0 != 0 && !$1.isInfinite ? doubleUnderflow : nil
        }
    }

    private static func checkedDoubles(
        _ result: [Double], _ left: Vector, _ right: Vector, _ rowCount: Int, isSuspect: Bool,
        _ fault: (Double, Double, Double) -> QueryError?
    ) throws(QueryError) -> Vector {
        let validity = Lanes.validity([left, right], rowCount: rowCount)
        if isSuspect {
            let a = left.doubles
            let b = right.doubles
            for row in 0..<rowCount where validity.isValid(row) {
                let x = a[left.place(row, of: rowCount)]
                let y = b[right.place(row, of: rowCount)]
                if let error = fault(x, y, result[row]) { throw error }
            }
        }
        return Vector(doubles: result, validity: validity)
    }

    static func remainderDoubles(_ left: Vector, _ right: Vector, _ rowCount: Int)
        throws(QueryError) -> Vector
    {
        let validity = Lanes.validity([left, right], rowCount: rowCount)
        let result = try Lanes.zipChecked(left.doubles, right.doubles, rowCount, 0.0, validity) {
            (x, y) throws(QueryError) -> Double in
            if y == 0 && !x.isNaN { throw divisionByZero }
            return x.truncatingRemainder(dividingBy: y)
        }
        return Vector(doubles: result, validity: validity)
    }

    static func power(_ left: Vector, _ right: Vector, _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        let validity = Lanes.validity([left, right], rowCount: rowCount)
        let result = try Lanes.zipChecked(left.doubles, right.doubles, rowCount, 0.0, validity) {
            (x, y) throws(QueryError) -> Double in
            if x == 0 && y < 0 {
                throw QueryError("2201F", "zero raised to a negative power is undefined")
            }
            if x < 0 && x.isFinite && y.isFinite && y.rounded() != y {
                throw QueryError(
                    "2201F",
                    "a negative number raised to a non-integer power yields a complex result")
            }
            let result = Mathematics.power(x, y)
            if result.isInfinite && !x.isInfinite && !y.isInfinite { throw doubleOverflow }
            if result == 0 && x != 0 && !x.isInfinite && !y.isInfinite { throw doubleUnderflow }
            return result
        }
        return Vector(doubles: result, validity: validity)
    }
}
