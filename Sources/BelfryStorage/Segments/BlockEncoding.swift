import BelfryCodecs
import BelfryCore
import Synchronization

/// A block that is full, and what it becomes.
struct FullBlock: Sendable {
    let table: UInt32
    let rows: BlockBuffer
}

/// The strips of a block, complete but for their checksums, which depend on their place.
struct EncodedBlock: Sendable {
    private(set) var strips: [EncodedStrip] = []
    private(set) var places: [BlockHeader.StripPlace] = []
    private(set) var stripByteCount = 0
    private(set) var minTime = Int64.max
    private(set) var maxTime = Int64.min
    private var options = StripOptions()

    init(_ block: BlockBuffer, isCold: Bool) {
        options.isCold = isCold
        add(SegmentFormat.timeColumn, .integers(block.times), nil, block.rowCount)
        if let kinds = block.kinds {
            let values = kinds.map { Int64($0) }
            add(SegmentFormat.kindColumn, .integers(values), nil, block.rowCount)
        }
        for column in block.columns {
            let (valueCount, words) = column.finishedValidity
            if valueCount > 0 { add(column.number, column.stripValues, words, valueCount) }
        }
        for time in block.times {
            minTime = min(minTime, time)
            maxTime = max(maxTime, time)
        }
    }

    private mutating func add(
        _ column: UInt32, _ values: StripValues, _ validity: [UInt64]?, _ count: Int
    ) {
        let strip = StripEncoder.encode(values, validity: validity, options: options)
        places.append(
            BlockHeader.StripPlace(
                column: column, kind: values.kind, offset: stripByteCount,
                byteCount: strip.bytes.count, valueCount: count))
        strips.append(strip)
        stripByteCount += strip.bytes.count
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

    private let isCold: Bool

    private init(_ blocks: [FullBlock], isCold: Bool) {
        self.blocks = blocks
        self.isCold = isCold
    }

    static func encode(
        _ blocks: [FullBlock], threadCount: Int, isCold: Bool
    ) -> [EncodedBlock] {
        guard blocks.count > 1 && threadCount > 1 else {
            return blocks.map { EncodedBlock($0.rows, isCold: isCold) }
        }
        let crew = BlockCrew(blocks, isCold: isCold)
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
            let block = EncodedBlock(blocks[index].rows, isCold: isCold)
            done.withLock { $0.append((index, block)) }
        }
    }
}
