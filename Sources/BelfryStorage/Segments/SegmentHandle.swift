import Synchronization

/// A live segment in the hands of snapshots: its summary, and the way to its bytes.
///
/// A handle that was retired (its segment left the manifest) tells `RetiredFiles` when the last
/// snapshot lets it go. Should the process end before, the manifest still names the file as
/// retired, and a later opening removes it.
package final class SegmentHandle: Sendable {
    package let summary: SegmentSummary
    let fileSystem: any FileSystem
    /// Why the segment cannot be read, where opening the store found that out: everything that
    /// might need it fails with this.
    let failure: StorageError?
    private let retired = Mutex<RetiredFiles?>(nil)
    /// Of the store, to refuse another store's file; nil leaves it unchecked.
    private let databaseID: [UInt8]?
    private let openSegments: OpenSegments?
    private let opened = Mutex<SegmentReader?>(nil)
    /// Known once it was open.
    private let spans = Mutex<[SeriesSpan]?>(nil)
    /// Whether it was read since `OpenSegments` last looked.
    private let isMarked = Atomic<Bool>(false)

    init(
        _ summary: SegmentSummary, in fileSystem: any FileSystem, databaseID: [UInt8]? = nil,
        openSegments: OpenSegments? = nil, failure: StorageError? = nil
    ) {
        self.summary = summary
        self.fileSystem = fileSystem
        self.databaseID = databaseID
        self.openSegments = openSegments
        self.failure = failure
    }

    /// The open file, opened when first asked for and kept while there is room for it.
    func reader() throws(StorageError) -> SegmentReader {
        if let failure { throw failure }
        isMarked.store(true, ordering: .relaxed)
        if let reader = opened.withLock({ $0 }) { return reader }
        let reader = try open()
        opened.withLock { $0 = reader }
        spans.withLock { if $0 == nil { $0 = reader.spans } }
        openSegments?.noteOpened(self)
        return reader
    }

    /// Whether it is known to have none of these series; opens nothing.
    func excludes(_ series: SeriesSet, table: UInt32) -> Bool {
        guard failure == nil, let spans = spans.withLock({ $0 }) else { return false }
        return !spans.contains { $0.table == table && series.overlaps($0.first...$0.last) }
    }

    private func open() throws(StorageError) -> SegmentReader {
        do throws(StorageError) {
            return try SegmentReader.open(
                summary, path: path, databaseID: databaseID, in: fileSystem)
        } catch  where error.isShortOfDescriptors {
            guard let openSegments else { throw error }
            openSegments.shrink()
            return try SegmentReader.open(
                summary, path: path, databaseID: databaseID, in: fileSystem)
        }
    }

    /// Closes the file as soon as nobody reads it; the next to ask opens it again.
    func close() {
        // The reader may be let go here, so not with the lock held.
        let reader = opened.withLock { opened in
            let reader = opened
            opened = nil
            return reader
        }
        _ = reader
    }

    var isOpen: Bool { opened.withLock { $0 != nil } }

    /// Whether it was read since this was last asked.
    func takeMark() -> Bool { isMarked.exchange(false, ordering: .relaxed) }

    /// Where the segment lies in the store's folder.
    var path: String { FileNames.segment(summary.fileID) }

    /// To be called after a manifest without the segment is durable.
    func retire(to files: RetiredFiles, now: UInt64) {
        files.retire(summary.fileID, now: now)
        retired.withLock { $0 = files }
    }

    deinit { retired.withLock { $0 }?.release(summary.fileID) }
}
