/// How much a writer is held up so that upkeep keeps up: a little where wide segments gather or
/// the disk fills, more the nearer the point is at which writers must wait.
enum Pace {
    /// The longest that one write is held up for.
    static let longestMilliseconds = 100

    /// - Parameters:
    ///   - wideCount: wide segments that wait to be split.
    ///   - slowAt: from here on writers are slowed.
    ///   - stopAt: here they wait.
    ///   - shortage: 0 at the soft limit of free space, 1 at the hard one.
    static func milliseconds(
        wideCount: Int, slowAt: Int, stopAt: Int, shortage: Double
    ) -> Int {
        var share = min(max(shortage, 0), 1)
        if wideCount >= slowAt {
            share = max(share, Double(wideCount - slowAt + 1) / Double(max(1, stopAt - slowAt)))
        }
        guard share > 0 else { return 0 }
        return max(1, Int(Double(longestMilliseconds) * min(share, 1)))
    }
}
