import BelfryCodecs
import BelfryCore

/// A block that a cursor stands in: its header and strips, opened when first asked for.
final class OpenBlock {
    let columns: MergeColumns
    let block: Int
    let rowCount: Int
    let reader: SegmentReader
    private(set) var knownHeader: BlockHeader?
    private var knownIsPlain: Bool?
    private var timeStrip: StripDecoder?
    private var decoders: [StripDecoder?]
    private var isOpened: [Bool]
    private var knownStatistics: [StripStatistics?]
    private var knownTimeStatistics: StripStatistics?

    init(_ reader: SegmentReader, block: Int, _ columns: MergeColumns) {
        self.reader = reader
        self.block = block
        self.columns = columns
        rowCount = reader.index.entries[block].rowCount
        decoders = [StripDecoder?](repeating: nil, count: columns.columns.count)
        isOpened = [Bool](repeating: false, count: columns.columns.count)
        knownStatistics = [StripStatistics?](repeating: nil, count: columns.columns.count)
    }

    func header() throws(StorageError) -> BlockHeader {
        if let knownHeader { return knownHeader }
        let header = try reader.header(block, columns.cache)
        knownHeader = header
        columns.statistics.blocksRead += 1
        return header
    }

    var hasKinds: Bool {
        get throws(StorageError) {
            try header().strip(of: SegmentFormat.kindColumn) != nil
        }
    }

    /// Whether every row counts as it stands: there are no deletes, and in an APPEND table, where
    /// a replace hides what has the same time, no kinds but merge.
    var isPlain: Bool {
        get throws(StorageError) {
            if let knownIsPlain { return knownIsPlain }
            var isPlain = true
            if try hasKinds, let kinds = try strip(SegmentFormat.kindColumn) {
                isPlain = false
                if !columns.isAppend, case .integers(let summary) = kinds.statistics.numbers {
                    isPlain = summary.max < Int64(RowKind.delete.rawValue)
                }
            }
            knownIsPlain = isPlain
            return isPlain
        }
    }

    private func strip(_ column: UInt32) throws(StorageError) -> StripDecoder? {
        _ = try header()
        return try reader.strip(
            block, column: column, columns.cache, bytesRead: &columns.statistics.bytesRead)
    }

    func timeDecoder() throws(StorageError) -> StripDecoder {
        if let timeStrip { return timeStrip }
        guard let strip = try strip(SegmentFormat.timeColumn) else {
            throw reader.damage(
                FormatError("a block without times", at: 0), block: block,
                column: SegmentFormat.timeColumn)
        }
        timeStrip = strip
        return strip
    }

    func decoder(_ slot: Int) throws(StorageError) -> StripDecoder? {
        if isOpened[slot] { return decoders[slot] }
        let strip = try strip(columns.columns[slot].number)
        decoders[slot] = strip
        isOpened[slot] = true
        return strip
    }

    /// Times or kinds of a vector, or of all vectors.
    func integers(_ column: UInt32, vector: Int?) throws(StorageError) -> [Int64] {
        let strip: StripDecoder
        if column == SegmentFormat.timeColumn {
            strip = try timeDecoder()
        } else {
            guard let found = try self.strip(column) else { return [] }
            strip = found
        }
        do throws(FormatError) {
            if let vector {
                columns.statistics.vectorsDecoded += 1
                return try strip.decodeIntegers(vector)
            }
            var all: [Int64] = []
            all.reserveCapacity(rowCount)
            for index in 0..<strip.vectorCount { all += try strip.decodeIntegers(index) }
            columns.statistics.vectorsDecoded += strip.vectorCount
            return all
        } catch { throw reader.damage(error, block: block, column: column) }
    }

    func kinds(vector: Int?) throws(StorageError) -> [UInt8] {
        let values = try integers(SegmentFormat.kindColumn, vector: vector)
        var kinds: [UInt8] = []
        kinds.reserveCapacity(values.count)
        for value in values {
            guard value >= 0, value <= Int64(RowKind.delete.rawValue) else {
                throw reader.damage(
                    FormatError("row kind \(value)", at: 0), block: block,
                    column: SegmentFormat.kindColumn)
            }
            kinds.append(UInt8(value))
        }
        return kinds
    }

    func vector(_ slot: Int, _ vector: Int) throws(StorageError) -> Vector? {
        guard let strip = try decoder(slot) else { return nil }
        let column = columns.columns[slot]
        columns.statistics.vectorsDecoded += 1
        do throws(FormatError) {
            let validity = Validity(words: try strip.validity(of: vector))
            switch strip.kind {
            case .integers:
                let values = try strip.decodeIntegers(vector)
                let type = column.type.layout == .integers ? column.type : .bigint
                return MergeColumns.adapted(
                    Vector(type, .integers(values), validity: validity), to: column.type)
            case .doubles:
                let values = try strip.decodeDoubles(vector)
                return MergeColumns.adapted(
                    Vector(.double, .doubles(values), validity: validity), to: column.type)
            case .booleans:
                let values = try strip.decodeBooleans(vector)
                return MergeColumns.adapted(
                    Vector(.boolean, .booleans(values), validity: validity), to: column.type)
            case .texts:
                let values = try strip.decodeTexts(vector)
                let texts = TextStorage(offsets: values.offsets, bytes: values.bytes)
                return MergeColumns.adapted(
                    Vector(.text, .texts(texts), validity: validity), to: column.type)
            }
        } catch { throw reader.damage(error, block: block, column: column.number) }
    }

    // MARK: Statistics

    /// Of a field, of one vector or of all, as of the column's type; read from the strip's
    /// directory alone unless the strip is open.
    func statistics(_ slot: Int, vector: Int?) throws(StorageError) -> VectorStatistics {
        let column = columns.columns[slot]
        guard let kind = try header().strip(of: column.number)?.kind else { return .empty }
        let known: StripStatistics
        if let statistics = knownStatistics[slot] {
            known = statistics
        } else {
            if isOpened[slot], let decoder = decoders[slot] {
                known = StripStatistics(decoder)
            } else if let read = try reader.statistics(
                block, column: column.number, columns.cache,
                bytesRead: &columns.statistics.bytesRead)
            {
                known = read
            } else {
                return .empty
            }
            knownStatistics[slot] = known
        }
        let statistics = vector.map { known.vectors[$0] } ?? known.whole
        return statistics.adapted(kind, to: column.type)
    }

    /// The least and the greatest time of a vector, from its statistics; of one series they are
    /// the first and the last.
    func timeBounds(vector: Int) throws(StorageError) -> (first: Int64, last: Int64)? {
        let known: StripStatistics
        if let knownTimeStatistics {
            known = knownTimeStatistics
        } else {
            if let timeStrip {
                known = StripStatistics(timeStrip)
            } else {
                _ = try header()
                guard
                    let read = try reader.statistics(
                        block, column: SegmentFormat.timeColumn, columns.cache,
                        bytesRead: &columns.statistics.bytesRead)
                else { return nil }
                known = read
            }
            knownTimeStatistics = known
        }
        guard case .integers(let summary) = known.vectors[vector].numbers else { return nil }
        return (summary.min, summary.max)
    }
}
