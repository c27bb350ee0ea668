import BelfryCodecs
import BelfryCore
import Synchronization

/// A block that is full, and what it becomes.
struct FullBlock: Sendable {
    let table: UInt32
    let rows: BlockBuffer
}

/// How much is spent on a block's size.
struct BlockTier: Sendable {
    /// Residuals by tokens.
    var isCold = false
    /// Columns may be mapped from others: compaction's, as finding them takes nearly as long as
    /// encoding.
    var mayMap = false
    /// Strips as they are in memory, for benchmarks.
    var isRaw = false
}

/// The strips of a block, complete but for their checksums, which depend on their place.
///
/// A column that equals an earlier one of the block is a reference to it: found before it is
/// encoded where it lies near, else by the bytes of its strip. In compaction, a column that is a
/// function of another is mapped from it where that is smaller.
struct EncodedBlock: Sendable {
    /// Nil for a reference.
    private(set) var strips: [EncodedStrip?] = []
    private(set) var places: [BlockHeader.StripPlace] = []
    private(set) var minTime = Int64.max
    private(set) var maxTime = Int64.min
    private var options = StripOptions()

    /// Columns that are compared value by value before a strip is encoded.
    private static let nearCount = 8

    var stripByteCount: Int { places.reduce(0) { $0 + $1.byteCount } }

    init(_ block: BlockBuffer, _ tier: BlockTier) {
        options.isCold = tier.isCold
        options.isRaw = tier.isRaw
        var near: [Column] = []
        var known: [UInt64: Int] = [:]
        for column in Self.columns(of: block) {
            add(column, &near, &known)
        }
        if tier.mayMap && !tier.isRaw { mapColumns(rowCount: block.rowCount) }
        for time in block.times {
            minTime = min(minTime, time)
            maxTime = max(maxTime, time)
        }
    }

    /// A column on its way into a strip.
    private struct Column {
        var number: UInt32
        var values: StripValues
        var validity: [UInt64]?
        var valueCount: Int
    }

    private static func columns(of block: BlockBuffer) -> [Column] {
        func whole(_ number: UInt32, _ values: [Int64]) -> Column {
            Column(number: number, values: .integers(values), valueCount: values.count)
        }
        var columns = [whole(SegmentFormat.timeColumn, block.times)]
        if let kinds = block.kinds {
            columns.append(whole(SegmentFormat.kindColumn, kinds.map { Int64($0) }))
        }
        for column in block.columns {
            let (valueCount, words) = column.finishedValidity
            if valueCount == 0 { continue }
            columns.append(
                Column(
                    number: column.number, values: column.stripValues, validity: words,
                    valueCount: valueCount))
        }
        return columns
    }

    private mutating func add(
        _ column: Column, _ near: inout [Column], _ known: inout [UInt64: Int]
    ) {
        if options.isRaw {
            let strip = StripEncoder.encode(
                column.values, validity: column.validity, options: options)
            return append(strip, column, nil)
        }
        if let same = near.first(where: {
            $0.validity == column.validity && $0.values.isSame(as: column.values)
        }) {
            append(nil, column, same.number)
            return
        }
        let strip = StripEncoder.encode(
            column.values, validity: column.validity, options: options)
        let hash = unsafe Checksum.xxh64(
            strip.bytes.span.bytes, seed: UInt64(column.values.kind.rawValue))
        if let index = known[hash], let other = strips[index], other.bytes == strip.bytes,
            places[index].kind == column.values.kind
        {
            append(nil, column, places[index].column)
            return
        }
        if known[hash] == nil { known[hash] = strips.count }
        near.append(column)
        if near.count > Self.nearCount { near.removeFirst() }
        append(strip, column, nil)
    }

    private mutating func append(_ strip: EncodedStrip?, _ column: Column, _ same: UInt32?) {
        places.append(
            BlockHeader.StripPlace(
                column: column.number, kind: column.values.kind, offset: stripByteCount,
                byteCount: strip?.bytes.count ?? 0, valueCount: column.valueCount,
                reference: same.map { .column($0) }))
        strips.append(strip)
    }

    private mutating func mapColumns(rowCount: Int) {
        var indexes: [Int] = []
        var fields: [(strip: EncodedStrip, kind: StripKind)] = []
        for (index, place) in places.enumerated() where place.column > SegmentFormat.kindColumn {
            guard let strip = strips[index] else { continue }
            indexes.append(index)
            fields.append((strip, place.kind))
        }
        let found = MapFinder.find(fields, rowCount: rowCount)
        if found.isEmpty { return }
        for map in found {
            let index = indexes[map.column]
            strips[index] = map.strip
            places[index].byteCount = map.strip.bytes.count
            places[index].source = places[indexes[map.source]].column
        }
        placeStrips()
    }

    private mutating func placeStrips() {
        var offset = 0
        for index in places.indices {
            places[index].offset = offset
            offset += places[index].byteCount
        }
    }

    /// Whether the time strip may be that of another block: nothing in this one leads to it.
    var mayShareTimes: Bool {
        strips[0] != nil
            && places.allSatisfy { $0.reference != .column(SegmentFormat.timeColumn) }
    }

    /// Takes the time strip of the block so many before this one for its own.
    mutating func shareTimes(distance: Int) {
        strips[0] = nil
        places[0].byteCount = 0
        places[0].reference = .earlierBlock(distance: distance)
        placeStrips()
    }
}

/// Encodes blocks, on more than one thread where that is wanted and there are several of them.
///
/// What comes out does not depend on the number of threads: a block is encoded from its own rows
/// alone, and the results stand in the order of the blocks.
///
/// Threads: the caller's, and those it starts and joins.
final class BlockCrew: Sendable {
    private let blocks: [FullBlock]
    private let next = Atomic<Int>(0)
    private let done = Mutex<[(index: Int, block: EncodedBlock)]>([])

    private let tier: BlockTier

    private init(_ blocks: [FullBlock], _ tier: BlockTier) {
        self.blocks = blocks
        self.tier = tier
    }

    static func encode(
        _ blocks: [FullBlock], threadCount: Int, _ tier: BlockTier
    ) -> [EncodedBlock] {
        guard blocks.count > 1 && threadCount > 1 else {
            return blocks.map { EncodedBlock($0.rows, tier) }
        }
        let crew = BlockCrew(blocks, tier)
        // Where the system has no thread to give, the caller's does it all.
        let threads = (1..<min(threadCount, blocks.count)).map { _ in
            EngineThread { crew.work() }
        }
        crew.work()
        for thread in threads { thread?.join() }
        return crew.done.withLock { $0 }.sorted { $0.index < $1.index }.map(\.block)
    }

    private func work() {
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < blocks.count else { return }
            let block = EncodedBlock(blocks[index].rows, tier)
            done.withLock { $0.append((index, block)) }
        }
    }
}
