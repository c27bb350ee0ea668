import BelfryCodecs
import BelfryCore
import Synchronization

/// Everything a segment promises, checked by reading all of it: what flush, compaction and
/// `belfry check` do before they believe a file.
package enum SegmentVerification {
    /// Reads a segment back from its folder.
    static func verify(
        _ summary: SegmentSummary, _ place: SegmentPlace, threadCount: Int = 1
    ) throws(StorageError) {
        let reader = try SegmentReader.open(
            summary, path: FileNames.segment(summary.fileID), databaseID: place.databaseID,
            in: place.fileSystem)
        try verify(reader, threadCount: threadCount)
    }

    /// - Parameter threadCount: how many threads share the blocks out among them.
    package static func verify(
        _ reader: SegmentReader, threadCount: Int = 1
    ) throws(StorageError) {
        var rowCount: UInt64 = 0
        var present: [Present] = []
        for part in try parts(reader, threadCount) {
            rowCount += part.rowCount
            present +=
                present.last == part.present.first ? part.present.dropFirst() : part.present[...]
        }
        guard rowCount == reader.footer.rowCount else {
            throw StorageError(
                .damaged, "\(rowCount) rows in blocks, \(reader.footer.rowCount) in the footer",
                file: reader.path)
        }
        guard try areSeries(of: reader, present.map(\.series)) else {
            throw StorageError(
                .damaged, "the dictionary's series are not those of the blocks",
                file: reader.path)
        }
    }

    /// Whether the dictionary has these series and no other; `each` is called for every page, so
    /// that no more than one is held.
    static func areSeries(
        of reader: SegmentReader, _ present: [UInt32],
        each: (Int, [(number: UInt32, key: SeriesKey)]) throws(StorageError) -> Void = {
            (_, _) throws(StorageError) in
        }
    ) throws(StorageError) -> Bool {
        var count = 0
        var isSame = true
        for page in reader.footer.pages.indices {
            let entries = try reader.page(page)
            for entry in entries {
                if count >= present.count || present[count] != entry.number { isSame = false }
                count += 1
            }
            try each(page, entries)
        }
        return isSame && count == present.count
    }

    private struct Present: Sendable, Equatable {
        let table: UInt32
        let series: UInt32
    }

    /// What some neighbouring blocks hold.
    private struct Part: Sendable {
        var rowCount: UInt64 = 0
        /// Each series once, in order.
        var present: [Present] = []
    }

    /// The blocks, verified in as many parts as there are threads; the first failure by place.
    private static func parts(
        _ reader: SegmentReader, _ threadCount: Int
    ) throws(StorageError) -> [Part] {
        let count = reader.index.entries.count
        guard threadCount > 1 && count > threadCount else {
            return [try part(0..<count, reader)]
        }
        let found = Mutex<[Int: Result<Part, StorageError>]>([:])
        @Sendable func work(_ number: Int) {
            let blocks = (count * number / threadCount)..<(count * (number + 1) / threadCount)
            let result: Result<Part, StorageError>
            do throws(StorageError) {
                result = .success(try part(blocks, reader))
            } catch { result = .failure(error) }
            found.withLock { $0[number] = result }
        }
        let threads = (1..<threadCount).map { number in EngineThread { work(number) } }
        work(0)
        for (index, thread) in threads.enumerated() {
            if let thread { thread.join() } else { work(index + 1) }
        }
        var parts: [Part] = []
        for number in 0..<threadCount {
            if let result = found.withLock({ $0[number] }) { parts.append(try result.get()) }
        }
        return parts
    }

    private static func part(
        _ blocks: Range<Int>, _ reader: SegmentReader
    ) throws(StorageError) -> Part {
        var part = Part()
        for block in blocks {
            let header = try verify(block, reader)
            for extent in header.extents {
                let next = Present(table: header.table, series: extent.series)
                if part.present.last != next { part.present.append(next) }
            }
            part.rowCount += UInt64(header.rowCount)
        }
        return part
    }

    /// One block: its header, and every value of every strip.
    @discardableResult
    static func verify(
        _ block: Int, _ reader: SegmentReader
    ) throws(StorageError) -> BlockHeader {
        let header = try reader.header(block, nil)
        let table = reader.footer.tables.first { $0.number == header.table }
        let isAppend = table?.options.duplicateRule == .append
        for place in header.strips {
            var bytesRead = 0
            guard
                let strip = try reader.strip(
                    block, column: place.column, nil, bytesRead: &bytesRead)
            else { continue }
            do throws(FormatError) {
                let times = try verify(strip, valueCount: place.valueCount)
                if place.column == SegmentFormat.timeColumn {
                    try verify(times, header, isAppend: isAppend)
                }
            } catch { throw reader.damage(error, block: block, column: place.column) }
        }
        return header
    }

    /// Decodes all vectors of a strip and compares them with their statistics; gives its values
    /// where it holds integers.
    static func verify(
        _ strip: StripDecoder, valueCount: Int
    ) throws(FormatError) -> [Int64] {
        var all: [Int64] = []
        var valid = 0
        for vector in 0..<strip.vectorCount {
            let rows = strip.rowCount(of: vector)
            let validity = Validity(words: try strip.validity(of: vector))
            let statistics = strip.statistics(of: vector)
            var isRight = validity.validCount(of: rows) == statistics.count
            valid += statistics.count
            switch strip.kind {
            case .integers:
                let values = try strip.decodeIntegers(vector)
                isRight = isRight && values.count == rows
                if isRight { isRight = agrees(values, validity, statistics) }
                all += values
            case .doubles:
                let values = try strip.decodeDoubles(vector)
                isRight = isRight && values.count == rows
                if isRight { isRight = DoubleCheck.agrees(values, validity, statistics) }
            case .booleans: isRight = try strip.decodeBooleans(vector).count == rows && isRight
            case .texts:
                isRight = try strip.decodeTexts(vector).offsets.count == rows + 1 && isRight
            }
            guard isRight else {
                throw FormatError("vector \(vector) is not what its statistics say", at: 0)
            }
        }
        guard valid == valueCount else {
            throw FormatError("\(valid) values, \(valueCount) in the block's header", at: 0)
        }
        return all
    }

    private static func agrees(
        _ values: [Int64], _ validity: Validity, _ statistics: VectorStatistics
    ) -> Bool {
        guard case .integers(let summary) = statistics.numbers else {
            return statistics.count == 0
        }
        var low = Int64.max
        var high = Int64.min
        var sum: Int128 = 0
        for row in values.indices where validity.isValid(row) {
            low = min(low, values[row])
            high = max(high, values[row])
            sum += Int128(values[row])
        }
        return low == summary.min && high == summary.max && sum == summary.sum
    }

    private static func verify(
        _ times: [Int64], _ header: BlockHeader, isAppend: Bool
    ) throws(FormatError) {
        var row = 0
        for extent in header.extents {
            for next in (row + 1)..<(row + max(1, extent.rowCount)) {
                guard times[next - 1] < times[next] || (isAppend && times[next - 1] == times[next])
                else {
                    throw FormatError("times of series \(extent.series) out of order", at: next)
                }
            }
            row += extent.rowCount
        }
        guard times.min() == header.minTime, times.max() == header.maxTime else {
            throw FormatError("times outside the block's bounds", at: 0)
        }
    }
}
