import BelfryCodecs
import BelfryCore

/// A block, or a whole segment, that a scan passed over because it cannot be read; only where the
/// request asked for that.
package struct SkippedDamage: Sendable, Hashable {
    package let fileID: UInt64
    /// Nil where the whole segment was passed over.
    package let block: Int?
    /// At most so many rows are missing from the answer; of some of them an older value may show.
    package let rowCount: UInt64
    /// What was wrong, with its place.
    package let message: String
}

extension StorageError {
    /// Bytes that are gone or wrong, as against a system that refuses for now.
    var isDamage: Bool {
        switch code {
        case .damaged, .missing: true
        // EIO: the disk does not give the bytes.
        case .input: systemCode == 5
        default: false
        }
    }
}

/// What is left of a segment for a scan that passes damage over.
///
/// Every block that the scan may want is read through before the walk begins: rows are given
/// before their columns are decoded, and none may be taken back.
enum DamageFilter {
    /// The segment without the blocks that cannot be read in the scan's columns; nil where it
    /// cannot be opened at all. What is left out is added to the scan's statistics.
    static func soundReader(
        _ segment: SegmentHandle, _ columns: MergeColumns, times: Range<Int64>,
        series: ClosedRange<UInt32>
    ) throws(StorageError) -> SegmentReader? {
        let summary = segment.summary
        let reader: SegmentReader
        do throws(StorageError) {
            reader = try segment.reader()
        } catch {
            guard error.isDamage else { throw error }
            columns.statistics.skipped.append(
                SkippedDamage(
                    fileID: summary.fileID, block: nil, rowCount: summary.rowCount,
                    message: error.description))
            return nil
        }
        var damaged: Set<Int> = []
        for block in reader.index.blocks(of: columns.table) {
            let entry = reader.index.entries[block]
            guard entry.maxTime >= times.lowerBound, entry.minTime < times.upperBound,
                entry.lastSeries >= series.lowerBound, entry.firstSeries <= series.upperBound
            else { continue }
            do throws(StorageError) {
                try read(block, reader, columns)
            } catch {
                guard error.isDamage else { throw error }
                damaged.insert(block)
                columns.statistics.skipped.append(
                    SkippedDamage(
                        fileID: summary.fileID, block: block, rowCount: UInt64(entry.rowCount),
                        message: error.description))
            }
        }
        return damaged.isEmpty ? reader : reader.without(damaged)
    }

    /// Reads all that a scan of these columns may ask of a block.
    private static func read(
        _ block: Int, _ reader: SegmentReader, _ columns: MergeColumns
    ) throws(StorageError) {
        let header = try reader.header(block, nil)
        for place in header.strips {
            let isWanted: Bool
            switch place.column {
            case SegmentFormat.timeColumn: isWanted = !columns.isCounting
            case SegmentFormat.kindColumn: isWanted = true
            default: isWanted = columns.columns.contains { $0.number == place.column }
            }
            guard isWanted else { continue }
            var bytesRead = 0
            guard
                let strip = try reader.strip(
                    block, column: place.column, nil, bytesRead: &bytesRead)
            else { continue }
            do throws(FormatError) {
                _ = try SegmentVerification.verify(strip, valueCount: place.valueCount)
            } catch { throw reader.damage(error, block: block, column: place.column) }
        }
    }
}
