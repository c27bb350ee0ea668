/// Values at one distance from their neighbours: a first value and a step say it all.
enum Ramp {
    /// - Precondition: room for the rows.
    static func fill(
        _ output: inout MutableSpan<Int64>, rowCount: Int, first: Int64, step: Int64
    ) {
        precondition(output.count >= rowCount, "room for the rows")
        // Four at a time by addition: there is no multiplication of 64-bit lanes in the baseline.
        var values = SIMD4<Int64>(0, 1, 2, 3) &* step &+ first
        let stride = step &* 4
        var row = 0
        while row &+ 4 <= rowCount {
            unsafe output[unchecked: row] = values[0]
            unsafe output[unchecked: row &+ 1] = values[1]
            unsafe output[unchecked: row &+ 2] = values[2]
            unsafe output[unchecked: row &+ 3] = values[3]
            values = values &+ stride
            row &+= 4
        }
        while row < rowCount {
            unsafe output[unchecked: row] = first &+ Int64(truncatingIfNeeded: row) &* step
            row &+= 1
        }
    }
}
