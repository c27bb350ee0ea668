import BelfryCore

/// Equal neighbours as a value and how often it is repeated.
///
/// One bit stream: the values of all runs above the base, then the lengths less one.
enum Runs {
    static func encode(
        _ values: Span<Int64>, base: Int64, width: Int, runCount: Int
    ) -> (IntegerVector, [UInt8]) {
        var vector = IntegerVector(shape: .runs, base: base, width: width, runCount: runCount)
        // Without a branch, for where runs begin is nobody's guess. The end is the last start.
        let count = values.count
        var starts = [Int](repeating: 0, count: count + 1)
        var startSpan = starts.mutableSpan
        var found = 1
        for row in 1..<max(1, count) {
            let isStart = unsafe values[unchecked: row] != values[unchecked: row &- 1]
            unsafe startSpan[unchecked: found] = row
            found &+= isStart ? 1 : 0
        }
        startSpan[found] = count
        precondition(found == runCount, "the runs there are")
        var lengthBits: UInt64 = 0
        for run in 0..<found { lengthBits |= UInt64(starts[run + 1] - starts[run] - 1) }
        vector.lengthWidth = bitCount(lengthBits)
        var writer = BitWriter(bitCount: found * (width + vector.lengthWidth))
        for run in 0..<found {
            writer.write(UInt64(bitPattern: values[starts[run]] &- base), width: width)
        }
        for run in 0..<found {
            writer.write(
                UInt64(starts[run + 1] - starts[run] - 1), width: vector.lengthWidth)
        }
        return (vector, writer.finish())
    }

    static func decode(
        _ bytes: RawSpan, at offset: Int, vector: IntegerVector, rowCount: Int,
        into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        precondition(output.count >= rowCount, "room for the rows")
        let byteCount = vector.byteCount(rowCount: rowCount)
        var values = BitReader(bytes, offset: offset, byteCount: byteCount)
        var lengths = BitReader(bytes, offset: offset, byteCount: byteCount)
        try lengths.skip(bits: vector.runCount * vector.width)
        let factor = Int64(bitPattern: vector.divisor)
        var row = 0
        for _ in 0..<vector.runCount {
            let residual = try values.read(width: vector.width)
            let value = vector.base &+ Int64(bitPattern: residual) &* factor
            let length =
                Int(truncatingIfNeeded: try lengths.read(width: vector.lengthWidth)) &+ 1
            guard length <= rowCount - row else {
                throw FormatError("runs beyond the vector's \(rowCount) rows", at: offset)
            }
            let end = row &+ length
            while row < end {
                unsafe output[unchecked: row] = value
                row &+= 1
            }
        }
        guard row == rowCount else {
            throw FormatError("runs of \(row) rows in a vector of \(rowCount)", at: offset)
        }
    }
}
