import BelfryCore
import Synchronization

/// Free space: writers are slowed when it becomes short and refused before it is gone, while reads,
/// deletes and retention go on; all ends by itself when there is room again.
extension Store {
    /// Looks at the free space and acts on it.
    @discardableResult
    func watchSpace() -> SpaceLevel {
        let before = space.level
        do throws(StorageError) {
            var (level, free) = try space.measure()
            if level == .hard {
                if space.giveReserve() {
                    note(.space, "the reserve was given back to the disk")
                }
                (level, free) = try space.measure()
            } else if state.withLock({ $0.refusal == nil }) {
                space.takeReserve()
            }
            tell(level, free: free)
            if level > before {
                note(
                    .space, "\(free) bytes are free: \(level.rawValue == 2 ? "hard" : "soft") limit"
                )
            }
            // What frees space comes early.
            if level > .ample && before == .ample { upkeep.request(.compaction) }
            if level == .hard { removeRetired() }
            if level < .hard { resumeOpening() }
            return level
        } catch {
            healthMonitor.press(.space, error.description)
            return before
        }
    }

    private func tell(_ level: SpaceLevel, free: UInt64) {
        let hard = options.hardFreeByteCountLimit
        let shortage =
            level == .hard
            ? StorageError(
                .diskFull,
                "\(free) bytes are free on the disk, and writes are refused below \(hard) more "
                    + "than the reserve; deletes and retention make room") : nil
        let pressure =
            level == .soft
            ? "\(free) bytes are free, writers are slowed below "
                + "\(options.softFreeByteCountLimit)" : nil
        healthMonitor.update { facts in
            facts.shortage = shortage
            facts.pressures[.space] = pressure
        }
    }

    /// To be called before a write that adds rows; throws below the hard limit.
    func checkSpace(writing byteCount: Int) throws(StorageError) {
        if space.isDue(writing: byteCount) { watchSpace() }
        guard space.level == .hard else { return }
        if let shortage = healthMonitor.shortage { throw shortage }
    }

    /// A write met the end of the disk.
    func noteDiskFull(_ error: StorageError) {
        if watchSpace() == .ample { healthMonitor.press(.space, error.description) }
    }

    /// Holds a writer up, a little where upkeep falls behind or space is short, and until a split
    /// was done where too many wide segments wait. Throws where upkeep cannot go on.
    func waitForSplits() throws(StorageError) {
        while true {
            let wideCount = try state.withLock { (state) throws(StorageError) in
                try state.checkWritable()
                return state.wideSegmentCount
            }
            noteLag(wideCount)
            if wideCount < options.wideSegmentCountMaximum { return pace(wideCount) }
            if options.runsUpkeep {
                if let failure = upkeep.waitForCompaction() { throw failure }
            } else if try compactOnce(isFinal: false) {
                continue
            }
            if let waiting = healthMonitor.pressure(.room) {
                throw StorageError(.diskFull, "\(wideCount) wide segments wait: \(waiting)")
            }
            // Whatever was done, it left as many: there is nothing to wait for.
            if state.withLock({ $0.wideSegmentCount }) >= wideCount { return }
        }
    }

    private func pace(_ wideCount: Int) {
        guard options.runsUpkeep else { return }
        let milliseconds = Pace.milliseconds(
            wideCount: wideCount, slowAt: options.slowWideSegmentCount,
            stopAt: options.wideSegmentCountMaximum, shortage: space.shortage)
        guard milliseconds > 0 else { return }
        upkeep.request(.compaction)
        upkeep.waitForProgress(milliseconds: milliseconds)
    }

    /// Tells of wide segments that gather, and of their end.
    func noteLag(_ wideCount: Int) {
        let isLagging = wideCount >= options.slowWideSegmentCount
        guard isLagging || healthMonitor.pressure(.lag) != nil else { return }
        healthMonitor.press(
            .lag, isLagging ? "\(wideCount) wide segments wait to be split" : nil)
    }
}
