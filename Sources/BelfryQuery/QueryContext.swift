package import BelfryCore
package import BelfryStorage
internal import Synchronization

/// What a session has set: named as SQL's SET and SHOW name them.
package struct QuerySettings: Sendable {
    package var timeZone: TimeZoneRules = .utc
    /// Milliseconds; 0 for none.
    package var statementTimeout: Int64 = 0
    /// Bytes that one statement's operators may hold.
    package var memoryLimit = 1 << 30
    package var maxGridCells = 10_000_000
    package var maxResultRows: Int64 = 0
    /// Blocks that cannot be read are passed over and counted in a warning; else they are an error.
    package var skipsDamage = false
    /// Statistics may skip rows and answer for them.
    package var usesStatistics = true
    /// Vectors may be compared with constants and summed without being decoded.
    package var usesPacked = true
    /// Rows in a batch; smaller only in tests.
    package var batchRowCount = Vector.capacity
    /// Threads a query may use.
    package var workers = 2

    package init() {}
}

/// What a running query may use: snapshot, settings, memory, cancellation, and the instant at which
/// its statement began. Shared by all operators of the query.
package final class QueryContext: Sendable {
    package let snapshot: Snapshot
    package let settings: QuerySettings
    package let zones: TimeZoneDatabase
    /// now() of the statement.
    package let now: Timestamp
    private let usedByteCount = Atomic<Int>(0)
    private let isCancelled = Atomic<Bool>(false)
    private let skipped = Mutex<Set<SkippedDamage>>([])
    /// Monotonic nanoseconds after which the statement is over; .max for none.
    private let deadline: Int64

    package init(
        snapshot: Snapshot, settings: QuerySettings, zones: TimeZoneDatabase, now: Timestamp
    ) {
        self.snapshot = snapshot
        self.settings = settings
        self.zones = zones
        self.now = now
        deadline =
            settings.statementTimeout > 0
            ? MonotonicClock.nanoseconds() &+ settings.statementTimeout &* 1_000_000 : .max
    }

    package func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Throws where the query was cancelled or its time is over. Called once a batch.
    package func check() throws(QueryError) {
        if isCancelled.load(ordering: .relaxed) {
            throw QueryError("57014", "the statement was cancelled")
        }
        if snapshot.isEnding {
            throw QueryError("57014", "the statement was cancelled: the database is closed")
        }
        if deadline != .max && MonotonicClock.nanoseconds() > deadline {
            throw QueryError(
                "57014", "the statement took longer than statement_timeout",
                hint: "SET statement_timeout = 0 waits for ever")
        }
    }

    /// Takes memory from the statement's budget; what is never given back ends with the query.
    package func reserve(_ byteCount: Int, for operatorName: String) throws(QueryError) {
        let used = usedByteCount.add(byteCount, ordering: .relaxed).newValue
        if used > settings.memoryLimit {
            throw QueryError(
                "53200",
                "\(operatorName) needs more than memory_limit (\(settings.memoryLimit) bytes)",
                hint: "SET memory_limit to more, or ask for fewer rows, groups or columns")
        }
    }

    package func release(_ byteCount: Int) { usedByteCount.subtract(byteCount, ordering: .relaxed) }

    /// Takes down what a scan passed over; the same block of several scans counts once.
    func note(_ damage: [SkippedDamage]) {
        if damage.isEmpty { return }
        skipped.withLock { $0.formUnion(damage) }
    }

    /// What is missing from the rows, if anything.
    package var damageWarning: String? {
        let skipped = skipped.withLock { $0 }
        guard
            let first = skipped.min(by: {
                ($0.fileID, $0.block ?? -1) < ($1.fileID, $1.block ?? -1)
            })
        else { return nil }
        var rows: UInt64 = 0
        for damage in skipped { rows = rows.addingReportingOverflow(damage.rowCount).partialValue }
        let segments = skipped.count { $0.block == nil }
        let blocks = skipped.count - segments
        var parts: [String] = []
        if blocks > 0 { parts.append(blocks == 1 ? "1 block" : "\(blocks) blocks") }
        if segments > 0 { parts.append(segments == 1 ? "1 segment" : "\(segments) segments") }
        return "damaged data was passed over: \(parts.joined(separator: " and ")) with up to "
            + "\(rows) rows; of rows in them older values may show. The first: \(first.message)"
    }
}

/// The clock that only goes forward.
package enum MonotonicClock {
    package static func nanoseconds() -> Int64 {
        let instant = ContinuousClock.now
        return Int64(clamping: instant.sinceOrigin)
    }
}

extension ContinuousClock.Instant {
    /// Nanoseconds since some fixed instant of the process.
    fileprivate var sinceOrigin: Int128 {
        let origin = Self.reference
        let duration = origin.duration(to: self)
        return Int128(duration.components.seconds) * 1_000_000_000
            + Int128(duration.components.attoseconds / 1_000_000_000)
    }

    private static let reference = ContinuousClock.now
}
