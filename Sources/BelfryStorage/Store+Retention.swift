package import BelfryCore
import Synchronization

/// Retention, and what else the store does by the wall clock: never without doubt.
extension Store {
    /// Goes on from what an earlier opening believed; 0 where none did.
    func restoreClock(_ nanoseconds: Int64) {
        if nanoseconds != 0 {
            let monotonic = clock.monotonic()
            clockGuard.withLock {
                $0 = ClockGuard(
                    believed: Timestamp(nanoseconds: nanoseconds), monotonic: monotonic)
            }
        }
        _ = believedTime()
    }

    /// The time, if the clock can be believed. What changes about that is noted.
    func believedTime() -> Timestamp? {
        let wall = clock.wall()
        let monotonic = clock.monotonic()
        let isSynchronized = clock.isSynchronized()
        let (now, was, doubt) = clockGuard.withLock { guarded in
            let was = guarded.doubted
            let now = guarded.now(wall, monotonic: monotonic, isSynchronized: isSynchronized)
            return (now, was, guarded.doubtText)
        }
        if now == nil && was == nil {
            note(
                .clock,
                "\(doubt): nothing is dropped until it is plausible again, or "
                    + "until CONFIRM CLOCK says that it is right")
            healthMonitor.press(.clock, doubt + "; if it is right, CONFIRM CLOCK says so")
        } else if now != nil && was != nil {
            note(.clock, "the clock is believed again: \(wall)")
            healthMonitor.press(.clock, nil)
        }
        return now
    }

    /// Seconds since 1970, if the clock can be believed; nothing is noted of it.
    func timeForSegments() -> Int64? {
        let wall = clock.wall()
        let monotonic = clock.monotonic()
        let isSynchronized = clock.isSynchronized()
        var guarded = clockGuard.withLock { $0 }
        return guarded.now(wall, monotonic: monotonic, isSynchronized: isSynchronized)
            .map { $0.nanoseconds / 1_000_000_000 }
    }

    /// Why the clock is not believed; nil while it is.
    package var clockDoubt: String? {
        clockGuard.withLock { $0.doubted == nil ? nil : $0.doubtText }
    }

    /// Says that the clock is right; retention goes on with it.
    package func confirmClock() throws(StorageError) {
        let wall = clock.wall()
        let monotonic = clock.monotonic()
        clockGuard.withLock { $0.confirm(wall, monotonic: monotonic) }
        note(.clock, "the clock was confirmed: \(wall)")
        healthMonitor.press(.clock, nil)
        try state.withLock { (state) throws(StorageError) in
            try state.checkWritable()
            try replaceManifest(&state) { _ in }
        }
    }

    /// The times that rows of a table may have now: everything while the clock is in doubt.
    package func acceptedTimes(of table: TableSchema) -> TimeRange {
        guard options.checksTimes, !table.isReference, let now = believedTime() else {
            return .everything
        }
        return Retention.accepted(of: table, now: now)
    }

    /// The manifest's time is renewed where it is older than this.
    private static let clockAge: Int64 = 86_400_000_000_000
    /// Nanoseconds between two passes, and where space is short.
    private static let retentionPause: UInt64 = 3_600_000_000_000
    private static let shortRetentionPause: UInt64 = 60_000_000_000

    /// A pass of retention, where the last one is long enough ago; what hinders it stands in the
    /// store's health.
    func retainWhenDue() {
        if state.withLock({ $0.refusal != nil || $0.isClosed }) { return }
        let now = clock.monotonic()
        let pause = space.level > .ample ? Self.shortRetentionPause : Self.retentionPause
        let isDue = lastRetention.withLock { last in
            if let known = last, now >= known, now - known < pause { return false }
            last = now
            return true
        }
        guard isDue else { return }
        do throws(StorageError) {
            _ = try retain()
            healthMonitor.press(.retention, nil)
        } catch {
            healthMonitor.press(.retention, error.description)
        }
    }

    /// One pass of retention: drops the oldest partitions that have had their time, some at most;
    /// how many.
    package func retain() throws(StorageError) -> Int {
        guard let now = believedTime() else { return 0 }
        let manifest = try state.withLock { (state) throws(StorageError) in
            try state.checkWritable()
            // What tells at the next opening how far the clock may have gone.
            if now.nanoseconds - state.manifest.lastPlausibleClock > Self.clockAge {
                try replaceManifest(&state) { _ in }
            }
            return state.manifest
        }
        let drops = Retention.plan(
            manifest.segments, catalog: manifest.catalog, now: now,
            partitionCountLimit: options.retentionPartitionCountLimit)
        for drop in drops { try carryOut(drop) }
        return drops.reduce(0) { $0 + $1.partitions.count }
    }

    private func carryOut(_ drop: Retention.Drop) throws(StorageError) {
        do throws(StorageError) {
            let times = TimeRange(start: .negativeInfinity, end: drop.before)
            try delete(RangeDeletion(table: drop.table, times: times))
            try dropHiddenSegments()
        } catch  where error.code == .diskFull {
            // No room to write the deletion down: the partitions go by the manifest alone, which
            // makes room. Rows of theirs that are in no partition yet go at a later pass.
            try state.withLock { (state) throws(StorageError) in
                try state.checkWritable()
                let partitions = Set(drop.partitions)
                let gone = state.manifest.segments.filter { segment in
                    segment.table == drop.table.number
                        && segment.partition.map(partitions.contains) ?? false
                }
                try replaceManifest(&state) { $0.remove(Set(gone.map(\.fileID))) }
                renewHandles(&state)
                publish(state)
            }
        }
        note(
            .upkeep,
            "\(drop.partitions.count) partitions of \(drop.table.name) before \(drop.before) were "
                + "dropped: RETAIN")
    }

    /// Refuses rows past the horizon or before what RETAIN keeps, unless that was done already.
    func checkTimes(of batch: PointBatch, areJudged: Bool) throws(StorageError) {
        guard options.checksTimes, !batch.table.isReference, batch.rowCount > 0 else { return }
        let accepted = acceptedTimes(of: batch.table)
        if accepted == .everything {
            // Forecasts tell nothing of the time.
            if batch.table.options.horizon == nil {
                clockGuard.withLock { $0.note(batch.times) }
            }
            return
        }
        if areJudged { return }
        let low = accepted.start.nanoseconds
        let high = accepted.end.nanoseconds
        for time in batch.times where time < low || time >= high {
            let row = "a row of \(batch.table.name) at \(Timestamp(nanoseconds: time))"
            throw StorageError(
                .timeOutOfRange,
                time < low
                    ? "\(row) is older than RETAIN keeps rows (from \(accepted.start) on)"
                    : "\(row) is past the table's HORIZON (\(accepted.end)); "
                        + "a table of forecasts declares a longer one")
        }
    }
}

extension ClockGuard {
    /// What is doubted, in a sentence.
    var doubtText: String {
        let said = doubted.map { "\($0)" } ?? "nothing"
        let last = believed.map { "\($0)" } ?? "never"
        return "the clock says \(said), last believed \(last)"
    }
}
