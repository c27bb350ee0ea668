import BelfryCore
import Synchronization

/// What `check` found.
package struct CheckReport: Sendable {
    package struct Problem: Sendable, CustomStringConvertible {
        package let file: String
        package let offset: UInt64?
        package let message: String

        package var description: String {
            offset.map { "\(file), byte \($0): \(message)" } ?? "\(file): \(message)"
        }
    }

    package var problems: [Problem] = []
    /// What recovery found and mended when the store was opened.
    package var notes: [String] = []
    package var segmentCount = 0
    /// Rows in segments; those of the log are counted apart.
    package var segmentRowCount: UInt64 = 0
    package var logRecordCount = 0
    package var logRowCount = 0
    package var byteCount: UInt64 = 0

    package var isSound: Bool { problems.isEmpty }

    mutating func add(_ error: StorageError, file: String) {
        problems.append(
            Problem(file: error.file ?? file, offset: error.offset, message: error.message))
    }

    mutating func add(_ message: String, file: String, offset: UInt64? = nil) {
        problems.append(Problem(file: file, offset: offset, message: message))
    }
}

/// Every promise of the files verified: every checksum, the order of rows and records, counts and
/// statistics, and that manifest, segments and log agree.
extension Store {
    package func check() -> CheckReport {
        var report = CheckReport()
        report.notes = recoveryNotes
        // No flush or compaction in between: what the manifest lists stays while it is read.
        compacting.withLock { _ in
            flushing.withLock { _ in
                let (manifest, segments, logFiles, last) = state.withLock { state in
                    (
                        state.manifest, state.segments,
                        (state.sealed?.logFiles ?? []) + state.active.logFiles,
                        state.nextSequence - 1
                    )
                }
                checkIdentity(&report)
                checkManifest(manifest, &report)
                for segment in segments { check(segment, manifest, &report) }
                checkPartitions(manifest, segments, &report)
                checkNumbers(manifest, last, &report)
                noteCheckpoint(manifest, segments, &report)
                noteStrangers(manifest, &report)
                if isLogged { checkLog(logFiles, manifest, last, &report) }
            }
        }
        addRefusal(&report)
        return report
    }

    /// Damage for which opening went on for reading only, where nothing else told of the file.
    private func addRefusal(_ report: inout CheckReport) {
        guard let damage else { return }
        let file = damage.file ?? FileNames.logFolder
        if !report.problems.contains(where: { $0.file == file }) {
            report.add(damage, file: file)
        }
    }

    /// Every block by itself, so that one that is damaged does not keep the others unread.
    /// Whether all are whole; then their rows and series are compared with footer and dictionary.
    private func checkBlocks(
        _ reader: SegmentReader, _ report: inout CheckReport
    ) throws(StorageError) -> Bool {
        var isWhole = true
        var rowCount: UInt64 = 0
        var present: [UInt32] = []
        var lastTable: UInt32?
        for block in reader.index.entries.indices {
            do throws(StorageError) {
                let header = try SegmentVerification.verify(block, reader)
                rowCount += UInt64(header.rowCount)
                for extent in header.extents
                where lastTable != header.table || present.last != extent.series {
                    present.append(extent.series)
                    lastTable = header.table
                }
            } catch {
                report.add(error, file: reader.path)
                isWhole = false
            }
        }
        guard isWhole else { return false }
        if rowCount != reader.footer.rowCount {
            report.add(
                "\(rowCount) rows in blocks, \(reader.footer.rowCount) in the footer",
                file: reader.path)
        }
        try checkSeries(reader, present, &report)
        return true
    }

    private func checkIdentity(_ report: inout CheckReport) {
        do throws(StorageError) {
            let found = try StoreIdentity.decode(
                try fileSystem.readAll(FileNames.identity), file: FileNames.identity)
            if found != identity {
                report.add("not the identity that the store was opened with", file: "IDENTITY")
            }
        } catch { report.add(error, file: FileNames.identity) }
    }

    private func checkManifest(_ manifest: Manifest, _ report: inout CheckReport) {
        let path = FileNames.manifest(manifest.number)
        do throws(StorageError) {
            let bytes = try fileSystem.readAll(path)
            let half = bytes.count / 2
            // Both copies: one alone would do for opening.
            for offset in [0, half] {
                do throws(FormatError) {
                    let copy = try ManifestFile.decode(
                        Array(bytes[offset..<min(bytes.count, offset + half)]),
                        databaseID: identity.databaseID, offset: UInt64(offset))
                    if copy != manifest { throw FormatError("not the manifest in use", at: 0) }
                } catch { throw StorageError(error, file: path, base: UInt64(offset)) }
            }
        } catch { report.add(error, file: path) }
    }

    private func check(
        _ segment: SegmentHandle, _ manifest: Manifest, _ report: inout CheckReport
    ) {
        report.segmentCount += 1
        report.segmentRowCount += segment.summary.rowCount
        do throws(StorageError) {
            let byteCount = try fileSystem.open(segment.path, .read).byteCount()
            report.byteCount += byteCount
            guard byteCount == segment.summary.byteCount else {
                throw StorageError(
                    .damaged,
                    "\(byteCount) bytes, the manifest expects \(segment.summary.byteCount)",
                    file: segment.path)
            }
            let reader = try SegmentReader.open(
                segment.summary, path: segment.path, databaseID: identity.databaseID,
                in: fileSystem)
            guard try checkBlocks(reader, &report) else { return }
            try checkParts(reader, segment.summary, manifest, &report)
            if segment.summary.sequences.upperBound > manifest.flushedThrough {
                report.add(
                    "it holds writes that the manifest says are in the log", file: segment.path)
            }
        } catch { report.add(error, file: segment.path) }
    }

    /// Partitions of a table are the same or apart, and the sources of one never interleave, unless
    /// they are siblings, which share no series.
    private func checkPartitions(
        _ manifest: Manifest, _ segments: [SegmentHandle], _ report: inout CheckReport
    ) {
        let narrow = manifest.segments.filter { !$0.isWide }
        for (index, one) in narrow.enumerated() {
            guard let partition = one.partition else { continue }
            if !partition.contains(one.times) {
                report.add(
                    "rows outside of its partition", file: FileNames.segment(one.fileID))
            }
            for other in narrow[(index + 1)...] where other.table == one.table {
                guard let another = other.partition, another.overlaps(partition) else { continue }
                let file = FileNames.segment(other.fileID)
                if another != partition {
                    report.add("its partition overlaps that of segment \(one.fileID)", file: file)
                } else if one.isSibling(of: other) {
                    let pair = segments.filter {
                        $0.summary.fileID == one.fileID || $0.summary.fileID == other.fileID
                    }
                    // One that cannot be read was told of before.
                    let spans = pair.compactMap { try? $0.reader().seriesSpan }
                    if spans.count == 2, spans[0].overlaps(spans[1]) {
                        report.add("its series are also in segment \(one.fileID)", file: file)
                    }
                } else if one.sequences.overlaps(other.sequences) {
                    report.add("its writes interleave with segment \(one.fileID)", file: file)
                }
            }
        }
    }

    private static func firstSequence(_ path: String) -> UInt64? {
        FileNames.logSequence(String(path.dropFirst(FileNames.logFolder.utf8.count + 1)))
    }

    private func checkLog(
        _ files: [String], _ manifest: Manifest, _ last: UInt64, _ report: inout CheckReport
    ) {
        var next = manifest.flushedThrough + 1
        for (index, path) in files.enumerated() {
            do throws(StorageError) {
                var reader = try LogReader(
                    path: path, databaseID: identity.databaseID, in: fileSystem,
                    followedBy: index + 1 < files.count ? Self.firstSequence(files[index + 1]) : nil
                )
                while reader.nextSequence <= last, let record = try reader.next() {
                    do throws(FormatError) {
                        let content = try LogRecord.decode(record.payload)
                        report.logRowCount += content.points.reduce(0) { $0 + $1.rowCount }
                    } catch { throw StorageError(error, file: path, base: reader.offset) }
                    report.logRecordCount += 1
                    next = max(next, record.sequence + 1)
                }
                report.byteCount += reader.offset
            } catch { report.add(error, file: path) }
        }
        if next <= last {
            report.add(
                "record \(next) is missing, writes up to \(last) were taken",
                file: files.last ?? FileNames.logFolder)
        }
    }
}
