/// The account of a flush or compaction: rows in are rows out, folded into newer ones, and deleted.
///
/// What reading lost or writing forgot does not add up, and the output is thrown away before
/// anyone hears of it.
struct RowBalance {
    private let what: String
    var taken: UInt64 = 0
    var written: UInt64 = 0
    /// Folded or deleted.
    var dropped: UInt64 = 0

    init(_ what: String) { self.what = what }

    func check() throws(StorageError) {
        let (left, isOver) = written.addingReportingOverflow(dropped)
        guard !isOver, left == taken else {
            throw StorageError(
                .damaged,
                "\(what): \(taken) rows in, \(written) out, \(dropped) folded or deleted")
        }
    }
}
