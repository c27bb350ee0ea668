/// Decimals that went through a float: an integer `i` stands for the decimal's double, rounded to
/// a float and widened again.
///
/// REAL columns and what was imported from them are of this kind. The encoder compares bits, and
/// sets apart what differs.
enum SingleDecimal {
    private static let magic = 6_755_399_441_055_744.0
    private static let magicBits = Int64(bitPattern: 0x4338_0000_0000_0000)

    /// Whether a value is the wide form of a float.
    static func isSingle(_ value: Double) -> Bool {
        Double(Float(value)).bitPattern == value.bitPattern
    }

    /// Whether a value is exactly such a decimal of this scale.
    static func isExact(_ value: Double, scale: Int) -> Bool {
        let (high, low) = Decimal.split(scale)
        let whole = value * Decimal.powers[scale] + magic - magic
        let decoded = Double(Float(whole * high + whole * low))
        return decoded.bitPattern == value.bitPattern && whole.magnitude < 0x1p51
    }

    /// Writes the integer of each value and lists the rows that have none; these get their
    /// predecessor's.
    static func integers(
        of values: Span<Double>, scale: Int, into output: inout [Int64], misses: inout [Int]
    ) {
        let count = values.count
        if output.count != count { output = [Int64](repeating: 0, count: count) }
        misses.removeAll(keepingCapacity: true)
        let power = Decimal.powers[scale]
        let (high, low) = Decimal.split(scale)
        var span = output.mutableSpan
        var wrong: UInt64 = 0
        for row in 0..<count {
            let value = unsafe values[unchecked: row]
            let shifted = value * power + magic
            let whole = shifted - magic
            unsafe span[unchecked: row] = Int64(bitPattern: shifted.bitPattern) &- magicBits
            let decoded = Double(Float(whole * high + whole * low))
            wrong |= decoded.bitPattern ^ value.bitPattern
            wrong |= (shifted.bitPattern ^ 0x4330_0000_0000_0000) >> 52
        }
        if wrong == 0 { return }
        for row in 0..<count where !isExact(values[row], scale: scale) { misses.append(row) }
        Decimal.fillMisses(&output, misses)
    }

    /// From the bit patterns of doubles to those of the floats near them, widened.
    static func round(_ output: inout MutableSpan<Int64>, rowCount: Int) {
        precondition(output.count >= rowCount, "the rows were unpacked before")
        for row in 0..<rowCount {
            let value = unsafe Double(bitPattern: UInt64(bitPattern: output[unchecked: row]))
            unsafe output[unchecked: row] = Int64(bitPattern: Double(Float(value)).bitPattern)
        }
    }
}
