import BelfryCore

/// Doubles as XOR with their predecessor, for comparison with the codecs that replace it.
///
/// Source: Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015,
/// section 4.1.2. Bits go lowest first, and the length is written less one so that 64 fits.
///
/// The first pattern takes 64 bits. Then, for each XOR: bit 0 if it is zero; else 1, and 0 if it
/// fits the window of leading and trailing zeros used last, else 1 and a new window: five bits of
/// leading zeros (31 at most), six of length less one. The bits of the window follow.
enum Gorilla {
    static func encode(_ patterns: Span<Int64>) -> [UInt8] {
        var writer = BitWriter()
        var previous = UInt64(bitPattern: patterns[0])
        writer.write(previous, width: 64)
        var window: (trailing: Int, length: Int)?
        for row in 1..<max(1, patterns.count) {
            let pattern = UInt64(bitPattern: patterns[row])
            let difference = pattern ^ previous
            previous = pattern
            if difference == 0 {
                writer.write(0, width: 1)
                continue
            }
            if let window, fits(difference, window) {
                writer.write(0b01, width: 2)
                writer.write(difference >> UInt64(window.trailing), width: window.length)
                continue
            }
            let leading = min(31, difference.leadingZeroBitCount)
            let trailing = difference.trailingZeroBitCount
            let length = 64 - leading - trailing
            writer.write(0b11, width: 2)
            writer.write(UInt64(leading), width: 5)
            writer.write(UInt64(length - 1), width: 6)
            writer.write(difference >> UInt64(trailing), width: length)
            window = (trailing, length)
        }
        return writer.finish()
    }

    private static func fits(_ difference: UInt64, _ window: (trailing: Int, length: Int)) -> Bool {
        difference.trailingZeroBitCount >= window.trailing
            && bitCount(difference) <= window.trailing + window.length
    }

    static func decode(
        _ bytes: RawSpan, at offset: Int, byteCount: Int, rowCount: Int,
        into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        precondition(output.count >= rowCount, "room for the rows")
        if rowCount == 0 { return }
        var reader = BitReader(bytes, offset: offset, byteCount: byteCount)
        var pattern = try reader.read(width: 64)
        output[0] = Int64(bitPattern: pattern)
        var trailing = 0
        var length = 0
        for row in 1..<max(1, rowCount) {
            if try reader.read(width: 1) == 1 {
                if try reader.read(width: 1) == 1 {
                    let leading = Int(try reader.read(width: 5))
                    length = Int(try reader.read(width: 6)) + 1
                    trailing = 64 - leading - length
                    if trailing < 0 {
                        throw FormatError("an XOR window of \(leading + length) bits", at: offset)
                    }
                }
                pattern ^= (try reader.read(width: length)) << UInt64(trailing)
            }
            unsafe output[unchecked: row] = Int64(bitPattern: pattern)
        }
    }
}
