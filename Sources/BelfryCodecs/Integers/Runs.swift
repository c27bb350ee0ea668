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
        var starts = [Int32](repeating: 0, count: count + 1)
        var startSpan = starts.mutableSpan
        var found = 1
        for row in 1..<max(1, count) {
            let change = unsafe values[unchecked: row] ^ values[unchecked: row &- 1]
            unsafe startSpan[unchecked: found] = Int32(truncatingIfNeeded: row)
            found &+= oneIfNonzero(UInt64(bitPattern: change))
        }
        startSpan[found] = Int32(count)
        precondition(found == runCount, "the runs there are")
        var lengthBits: UInt64 = 0
        for run in 0..<found { lengthBits |= UInt64(starts[run + 1] - starts[run] - 1) }
        vector.lengthWidth = bitCount(lengthBits)
        var writer = BitWriter(bitCount: found * (width + vector.lengthWidth))
        for run in 0..<found {
            writer.write(UInt64(bitPattern: values[Int(starts[run])] &- base), width: width)
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
        let width = vector.width
        let lengthWidth = vector.lengthWidth
        let byteCount = vector.byteCount(rowCount: rowCount)
        precondition(
            offset >= 0 && byteCount * 8 >= vector.runCount * (width + lengthWidth)
                && offset + byteCount + 8 <= bytes.byteCount,
            "the stream lies within the bytes, with a checksum behind it")
        let valueMask = BitReader.mask(width)
        let lengthMask = BitReader.mask(lengthWidth)
        var valueBit = offset * 8
        var lengthBit = valueBit + vector.runCount * width
        let factor = Int64(bitPattern: vector.divisor)
        let room = output.count
        var row = 0
        for _ in 0..<vector.runCount {
            let residual = BitReader.bits(bytes, at: valueBit, width: width, mask: valueMask)
            let value = vector.base &+ Int64(bitPattern: residual) &* factor
            let longer = BitReader.bits(
                bytes, at: lengthBit, width: lengthWidth, mask: lengthMask)
            let length = Int(truncatingIfNeeded: longer) &+ 1
            valueBit &+= width
            lengthBit &+= lengthWidth
            guard length <= rowCount &- row else {
                throw FormatError("runs beyond the vector's \(rowCount) rows", at: offset)
            }
            let end = row &+ length
            if end &+ 3 <= room {
                // Four at a time, for what is too much is overwritten.
                while row < end {
                    unsafe output[unchecked: row] = value
                    unsafe output[unchecked: row &+ 1] = value
                    unsafe output[unchecked: row &+ 2] = value
                    unsafe output[unchecked: row &+ 3] = value
                    row &+= 4
                }
                row = end
            } else {
                while row < end {
                    unsafe output[unchecked: row] = value
                    row &+= 1
                }
            }
        }
        guard row == rowCount else {
            throw FormatError("runs of \(row) rows in a vector of \(rowCount)", at: offset)
        }
    }
}
