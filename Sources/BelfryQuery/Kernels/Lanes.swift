import BelfryCore

/// The loops that all kernels are made of: one value a row, from one array, two, or an array and
/// a constant.
///
/// An array of one element stands for all rows. The closures are inlined: each use is a loop of
/// its own, with nothing called per row.
enum Lanes {
    /// Rows in which every argument has a value.
    static func validity(_ arguments: [Vector], rowCount: Int) -> Validity {
        var result = Validity.all
        for argument in arguments where !argument.validity.isAll {
            if argument.count == rowCount {
                result = result.intersection(argument.validity)
            } else if !argument.isValid(0) {
                return .none(rowCount)
            }
        }
        return result
    }

    @inline(__always)
    static func map<Input, Output>(
        _ input: [Input], _ zero: Output, _ body: (Input) -> Output
    ) -> [Output] {
        var output = [Output](repeating: zero, count: input.count)
        for row in 0..<input.count { output[row] = body(input[row]) }
        return output
    }

    /// The same for what may fail: rows without a value are left alone.
    @inline(__always)
    static func mapChecked<Input, Output>(
        _ input: [Input], _ zero: Output, _ validity: Validity,
        _ body: (Input) throws(QueryError) -> Output
    ) throws(QueryError) -> [Output] {
        var output = [Output](repeating: zero, count: input.count)
        if validity.isAll {
            for row in 0..<input.count { output[row] = try body(input[row]) }
        } else {
            for row in 0..<input.count where validity.isValid(row) {
                output[row] = try body(input[row])
            }
        }
        return output
    }

    @inline(__always)
    static func zip<Left, Right, Output>(
        _ left: [Left], _ right: [Right], _ rowCount: Int, _ zero: Output,
        _ body: (Left, Right) -> Output
    ) -> [Output] {
        var output = [Output](repeating: zero, count: rowCount)
        if left.count == rowCount && right.count == rowCount {
            for row in 0..<rowCount { output[row] = body(left[row], right[row]) }
        } else if left.count == rowCount {
            precondition(right.count == 1, "an argument has one value for all rows or one a row")
            let constant = right[0]
            for row in 0..<rowCount { output[row] = body(left[row], constant) }
        } else {
            precondition(
                left.count == 1 && right.count == rowCount,
                "an argument has one value for all rows or one a row")
            let constant = left[0]
            for row in 0..<rowCount { output[row] = body(constant, right[row]) }
        }
        return output
    }

    @inline(__always)
    static func zipChecked<Left, Right, Output>(
        _ left: [Left], _ right: [Right], _ rowCount: Int, _ zero: Output, _ validity: Validity,
        _ body: (Left, Right) throws(QueryError) -> Output
    ) throws(QueryError) -> [Output] {
        var output = [Output](repeating: zero, count: rowCount)
        // A step of 0 reads the one value again.
        let leftStep = left.count == rowCount ? 1 : 0
        let rightStep = right.count == rowCount ? 1 : 0
        for row in 0..<rowCount where validity.isValid(row) {
            output[row] = try body(left[row &* leftStep], right[row &* rightStep])
        }
        return output
    }
}

/// The arrays behind a vector whose layout the binder has made sure of.
extension Vector {
    var integers: [Int64] {
        guard case .integers(let values) = storage else {
            preconditionFailure("the binder gives whole numbers or times here")
        }
        return values
    }

    var doubles: [Double] {
        guard case .doubles(let values) = storage else {
            preconditionFailure("the binder gives doubles here")
        }
        return values
    }

    var booleans: [Bool] {
        guard case .booleans(let values) = storage else {
            preconditionFailure("the binder gives conditions here")
        }
        return values
    }

    var intervals: [Interval] {
        guard case .intervals(let values) = storage else {
            preconditionFailure("the binder gives intervals here")
        }
        return values
    }

    /// One value for each of `rowCount` rows, where there may be one for all.
    func expanded(to rowCount: Int) -> Vector {
        if count == rowCount { return self }
        precondition(count == 1, "an argument has one value for all rows or one a row")
        return gather([Int32](repeating: 0, count: rowCount))
    }

    /// The row that stands for a row: itself, or the only one.
    @inline(__always)
    func place(_ row: Int, of rowCount: Int) -> Int { count == rowCount ? row : 0 }
}

/// The texts of a vector, row by row, whichever way they are stored.
struct TextView {
    let texts: TextStorage
    private let codes: [UInt32]?
    private let isConstant: Bool
    private let validity: Validity

    init(_ vector: Vector, rowCount: Int) {
        isConstant = vector.count != rowCount
        validity = vector.validity
        switch vector.storage {
        case .texts(let storage):
            texts = storage
            codes = nil
        case .dictionary(let storage):
            texts = storage.dictionary.texts
            codes = storage.codes
        case .booleans, .integers, .doubles, .intervals:
            preconditionFailure("the binder gives texts here")
        }
    }

    @inline(__always)
    func isValid(_ row: Int) -> Bool { validity.isValid(isConstant ? 0 : row) }

    /// Where the text of a row with a value stands in `texts.bytes`.
    @inline(__always)
    func range(_ row: Int) -> Range<Int> {
        let place = isConstant ? 0 : row
        if let codes { return texts.range(Int(codes[place])) }
        return texts.range(place)
    }

    @inline(__always)
    subscript(row: Int) -> ArraySlice<UInt8> { texts.bytes[range(row)] }

    func string(_ row: Int) -> String { String(decoding: self[row], as: UTF8.self) }
}
