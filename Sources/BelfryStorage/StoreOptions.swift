/// When a write counts as done (STORAGE 1.2).
package enum Durability: Sendable, Hashable {
    /// When the log is on the disk; what an acknowledgement means in `sync` mode.
    case sync
    /// When the log is written; a timer syncs it every so many milliseconds, and that much may be
    /// lost with the power.
    case interval(milliseconds: Int)
    /// Never synced: for tests and bulk loads that can be repeated.
    case none
}

/// What opening does with a log that holds damage: bytes that were durable once and are no record
/// now, or a file that is gone.
package enum RecoveryMode: Sendable, Hashable {
    /// Writers are refused; readers are let in to what comes before the damage.
    case strict
    /// What can be read behind the damage is applied, what is missing is told by sequences and
    /// bytes, and the damaged file is kept in quarantine as it is.
    case salvage
}

/// The knobs of a store with their defaults. Each has its reason beside it.
package struct StoreOptions: Sendable {
    package var durability: Durability = .sync
    /// Bytes of the active memtable before it is sealed; two generations may exist.
    package var memtableByteCountLimit = 64 << 20
    /// The longest record of the log: what one atomic batch may take.
    package var frameByteCountLimit = 16 << 20
    /// The largest write at all. One past a frame goes straight to a segment, and lies in memory
    /// while that is written.
    package var batchByteCountLimit = 1 << 30
    package var recovery: RecoveryMode = .strict
    /// Vectors in a block: 64 for servers, 8 for gateways.
    package var vectorsPerBlock = 64
    /// Rows in a vector; smaller only in tests, so that every edge is met.
    package var rowsPerVector = 1024
    /// Bytes of strips kept in memory after reading.
    package var blockCacheByteCountLimit = 64 << 20
    /// A partition that the newest row has left behind becomes one segment of the COLD tier once
    /// nothing was written to it for so long; nil: never by itself.
    package var coldAfterSeconds: UInt64? = 86_400
    /// Series of one table, checked before a number is given.
    package var seriesCountLimit = 1_000_000
    /// Series of all tables together.
    package var databaseSeriesCountLimit = 10_000_000
    /// Days that the times of one batch may touch; a century unless said.
    package var batchDayCountLimit = 36_525
    /// So many series are worth a checkpoint of their table.
    package var checkpointSeriesCount = 4096
    /// Wide segments that start a compaction.
    package var wideSegmentCountLimit = 4
    /// Months and years that the newest row has left behind become one partition up to this.
    package var partitionByteCountLimit: UInt64 = 64 << 20
    /// A segment that compaction writes ends between two series past this: the next is its sibling.
    /// A flush never comes so far: memtables and the largest batch are smaller.
    package var segmentByteCountLimit: UInt64 = 1 << 30
    /// Threads that encode the blocks of a flush and read them back; what is written is the same.
    package var flushThreadCount = 2
    /// Strips as they are in memory, for benchmarks alone: what encoding takes of ingest.
    package var writesRawStrips = false
    /// Flush and compaction run by themselves on a thread of their own; tests call them by hand.
    package var runsUpkeep = true
    /// Rows past the horizon, or older than RETAIN keeps, are refused.
    package var checksTimes = true
    /// Partitions that one pass of retention drops at most.
    package var retentionPartitionCountLimit = 64
    /// Deletions by tags and times that still hide rows of older segments. From an eighth of them
    /// on compaction goes for those; at the limit a DELETE waits for it.
    package var tombstoneCountLimit = 1_000
    /// Wide segments at which writers are slowed, and at which they wait.
    package var slowWideSegmentCount = 12
    package var wideSegmentCountMaximum = 20
    /// Free bytes of the disk below which writers are slowed and space is freed early.
    package var softFreeByteCountLimit: UInt64 = 128 << 20
    /// Free bytes below which writes are refused: what the flush of both memtables may need.
    package var hardFreeByteCountLimit: UInt64 = 32 << 20
    /// Bytes kept back for deletes and retention on a full disk: a few manifests and some log.
    package var reserveByteCount: UInt64 = 8 << 20
    /// Segments kept open; more are opened while they are read.
    package var openSegmentCountLimit = 256
    /// How long the file of a segment that left the manifest stays, for readers in other processes.
    package var retirementSeconds = 60
    /// Opens a store on a network file system, where no promise holds.
    package var allowsUnsafeFileSystem = false
    /// Opens without the lock and without changing a byte.
    package var isReadOnly = false
    /// A store of an older format version is made one of today's at opening; without it such a
    /// store is only read.
    package var upgradesFormat = false

    package init() {}

    /// 64 MiB in all, an interval of one second, small blocks.
    package static var gateway: StoreOptions {
        var options = StoreOptions()
        options.durability = .interval(milliseconds: 1000)
        options.memtableByteCountLimit = 5 << 20
        options.frameByteCountLimit = 4 << 20
        options.batchByteCountLimit = 16 << 20
        // Nobody stands beside a gateway to decide; what is lost is told.
        options.recovery = .salvage
        options.vectorsPerBlock = 8
        options.flushThreadCount = 1
        options.blockCacheByteCountLimit = 8 << 20
        options.seriesCountLimit = 50_000
        options.databaseSeriesCountLimit = 50_000
        options.partitionByteCountLimit = 8 << 20
        options.segmentByteCountLimit = 32 << 20
        options.softFreeByteCountLimit = 48 << 20
        options.hardFreeByteCountLimit = 12 << 20
        options.reserveByteCount = 4 << 20
        options.openSegmentCountLimit = 48
        options.retirementSeconds = 10
        return options
    }

    /// Limits so small that flush, compaction and vector edges happen in every test.
    package static var tiny: StoreOptions {
        var options = StoreOptions()
        options.memtableByteCountLimit = 4 << 10
        options.vectorsPerBlock = 2
        options.rowsPerVector = 4
        options.blockCacheByteCountLimit = 1 << 10
        options.tombstoneCountLimit = 16
        options.reserveByteCount = 4 << 10
        options.retirementSeconds = 0
        options.openSegmentCountLimit = 4
        return options
    }
}
