import BelfryCore

/// Equal neighbours as a value and how often it is repeated.
///
/// One bit stream: the values of all runs above the base, then the lengths less one.
enum Runs {
    static func encode(
        _ values: Span<Int64>, base: Int64, width: Int, lengthWidth: Int
    ) -> (IntegerVector, [UInt8]) {
        let (starts, found) = starts(values)
        var writer = BitWriter(bitCount: found * (width + lengthWidth))
        var runCount = 0
        for run in 0..<found {
            let value = UInt64(bitPattern: values[starts[run]] &- base)
            let pieces = (starts[run + 1] - starts[run] - 1) >> lengthWidth + 1
            for _ in 0..<pieces { writer.write(value, width: width) }
            runCount += pieces
        }
        let longest = 1 << lengthWidth
        for run in 0..<found {
            var length = starts[run + 1] - starts[run]
            while length > longest {
                writer.write(UInt64(longest - 1), width: lengthWidth)
                length -= longest
            }
            writer.write(UInt64(length - 1), width: lengthWidth)
        }
        var vector = IntegerVector(shape: .runs, base: base, width: width, runCount: runCount)
        vector.lengthWidth = lengthWidth
        return (vector, writer.finish())
    }

    /// Where runs start, and at last where they end; without a branch, for where runs begin is
    /// nobody's guess.
    private static func starts(_ values: Span<Int64>) -> (starts: [Int], runCount: Int) {
        let count = values.count
        var starts = [Int](repeating: 0, count: count + 1)
        var startSpan = starts.mutableSpan
        var found = 1
        for row in 1..<max(1, count) {
            let change = unsafe values[unchecked: row] ^ values[unchecked: row &- 1]
            unsafe startSpan[unchecked: found] = row
            found &+= oneIfNonzero(UInt64(bitPattern: change))
        }
        startSpan[found] = count
        return (starts, found)
    }

    /// The width of lengths that takes fewest bits, where longer runs go on in another one.
    static func best(_ values: Span<Int64>, width: Int) -> (lengthWidth: Int, bits: Int) {
        let (starts, runCount) = starts(values)
        // By length less one, how many runs.
        var histogram = [Int](repeating: 0, count: values.count)
        var span = histogram.mutableSpan
        for run in 0..<runCount { span[starts[run + 1] - starts[run] - 1] += 1 }
        var longest = values.count - 1
        while span[longest] == 0 { longest -= 1 }
        var best = (lengthWidth: 0, bits: Int.max)
        for lengthWidth in stride(from: bitCount(UInt64(longest)), through: 0, by: -1) {
            // A run goes on where its length does not fit.
            var count = runCount
            var length = 1 << lengthWidth
            while length <= longest {
                count &+= span[length] &* (length &>> lengthWidth)
                length &+= 1
            }
            if count > 2 * runCount { break }
            // Decoding a run costs what two bits do; a run stays whole for a byte or two.
            let bits = BitWriter.byteCount(bits: count * (width + lengthWidth)) * 8 + 2 * count
            let handicap = count > runCount ? 16 : 0
            if bits < best.bits - handicap { best = (lengthWidth, bits) }
        }
        return best
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
