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
}
