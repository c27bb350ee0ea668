/// The map between the bit patterns of doubles and integers in the same order.
///
/// Negative patterns have all bits but the sign inverted: -0.0 comes right below 0.0, NaNs come at
/// the two ends. Nothing is lost. The map is its own inverse.
enum OrderedBits {
    @inline(__always)
    static func map(_ pattern: Int64) -> Int64 {
        pattern ^ ((pattern &>> 63) & Int64.max)
    }

    static func map(_ output: inout MutableSpan<Int64>, rowCount: Int) {
        precondition(output.count >= rowCount, "the rows were unpacked before")
        for row in 0..<rowCount {
            unsafe output[unchecked: row] = map(output[unchecked: row])
        }
    }

    /// Of each value.
    static func map(_ values: Span<Double>, into output: inout [Int64]) {
        if output.count != values.count { output = [Int64](repeating: 0, count: values.count) }
        var span = output.mutableSpan
        for row in 0..<values.count {
            let pattern = unsafe Int64(bitPattern: values[unchecked: row].bitPattern)
            unsafe span[unchecked: row] = map(pattern)
        }
    }

    /// Leaves how many doubles lie between those of these patterns and the ordered ones.
    static func subtract(_ patterns: Span<Int64>, from output: inout [Int64]) {
        precondition(output.count == patterns.count, "as many of both")
        var span = output.mutableSpan
        for row in 0..<patterns.count {
            let ordered = unsafe map(patterns[unchecked: row])
            unsafe span[unchecked: row] = span[unchecked: row] &- ordered
        }
    }
}
