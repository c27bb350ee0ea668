import Synchronization

/// A live segment in the hands of snapshots: its summary, and the way to its bytes.
///
/// A handle that was retired (its segment left the manifest) removes the file when the last
/// snapshot lets it go. Should the process end before, the manifest still names the file as
/// retired, and the next opening removes it.
package final class SegmentHandle: Sendable {
    package let summary: SegmentSummary
    let fileSystem: any FileSystem
    private let isRetired = Atomic<Bool>(false)
    /// Of the store, to refuse another store's file; nil leaves it unchecked.
    private let databaseID: [UInt8]?
    private let opened = Mutex<SegmentReader?>(nil)

    init(
        _ summary: SegmentSummary, in fileSystem: any FileSystem, databaseID: [UInt8]? = nil
    ) {
        self.summary = summary
        self.fileSystem = fileSystem
        self.databaseID = databaseID
    }

    /// The open file, opened when first asked for and then kept.
    func reader() throws(StorageError) -> SegmentReader {
        if let reader = opened.withLock({ $0 }) { return reader }
        let reader = try SegmentReader.open(
            summary, path: path, databaseID: databaseID, in: fileSystem)
        opened.withLock { $0 = reader }
        return reader
    }

    /// Where the segment lies in the store's folder.
    var path: String { FileNames.segment(summary.fileID) }

    /// To be called after a manifest without the segment is durable.
    func retire() { isRetired.store(true, ordering: .releasing) }

    deinit {
        // Failure leaves a file that the next opening removes.
        if isRetired.load(ordering: .acquiring) { try? fileSystem.remove(path) }
    }
}
