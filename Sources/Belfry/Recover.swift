internal import BelfryStorage

/// What `Database.recover` found and did, or would do.
public struct RecoverReport: Sendable {
    /// What is wrong, with file and byte.
    public let findings: [String]
    /// What was done about it, or would be, in order.
    public let steps: [String]
    /// Rows that no file holds any more: file, table, times, and how many at most; writes that the
    /// log holds no more.
    public let losses: [String]
    /// What else opening the mended store told: torn ends of the log, files set aside.
    public let notes: [String]

    /// Whether there was anything to mend.
    public var isNeeded: Bool { !findings.isEmpty }
}

extension Database {
    /// Makes a database that cannot be opened one that can, with all that is left of it: the
    /// manifest is rebuilt from segments and log where both copies are damaged; damaged segments
    /// are written anew without the blocks that cannot be read, and a damaged log is salvaged.
    ///
    /// Nothing is written before the plan is known, and nothing is deleted: what is not used any
    /// more goes to quarantine with the reason beside it.
    ///
    /// - Parameter isDryRun: only tells; no byte is changed.
    public static func recover(
        _ path: String, isDryRun: Bool = false
    ) throws(BelfryError) -> RecoverReport {
        let disk = DiskFileSystem(path: path)
        do throws(StorageError) {
            if isDryRun {
                let plan = try Repair.plan(disk)
                return RecoverReport(plan, lost: [], notes: [])
            }
            let plan = try Repair.run(disk, owner: DiskFileSystem.owner)
            var options = StoreOptions()
            options.recovery = .salvage
            options.runsUpkeep = false
            let store = try Store.open(disk, options: options, owner: DiskFileSystem.owner)
            let lost = store.recoveryFindings.filter { $0.kind != .tornEnd }.map(\.description)
            let notes = store.recoveryNotes.filter { !lost.contains($0) }
            try store.close()
            return RecoverReport(plan, lost: lost, notes: notes)
        } catch { throw BelfryError(error) }
    }
}

extension RecoverReport {
    init(_ plan: RepairPlan, lost: [String], notes: [String]) {
        findings = plan.findings
        steps = plan.steps
        losses = plan.losses.map(\.description) + lost
        self.notes = notes
    }
}
