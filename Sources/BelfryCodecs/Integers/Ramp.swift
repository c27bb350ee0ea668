/// Values at one distance from their neighbours: a first value and a step say it all.
enum Ramp {
    /// - Precondition: room for the rows.
    static func fill(
        _ output: inout MutableSpan<Int64>, rowCount: Int, first: Int64, step: Int64
    ) {
        precondition(output.count >= rowCount, "room for the rows")
        for row in 0..<rowCount {
            unsafe output[unchecked: row] = first &+ Int64(truncatingIfNeeded: row) &* step
        }
    }
}
