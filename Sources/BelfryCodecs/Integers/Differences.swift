/// Differences between neighbours, and their sums.
enum Differences {
    /// Every value becomes the sum of `start`, all before it, and itself.
    /// - Precondition: room for the rows.
    static func sum(_ output: inout MutableSpan<Int64>, rowCount: Int, start: Int64) {
        precondition(output.count >= rowCount, "room for the rows")
        var total = start
        for row in 0..<rowCount {
            total = unsafe total &+ output[unchecked: row]
            unsafe output[unchecked: row] = total
        }
    }
}
