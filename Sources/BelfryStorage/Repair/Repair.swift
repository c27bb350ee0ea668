import BelfryCore

/// `belfry recover`: a store that cannot be opened becomes one that can, with all that is left.
///
/// Nothing is written until the plan is known, and nothing is deleted: what leaves the store goes
/// to quarantine with its reason. The order is that of every change of a store: new segments, then
/// the manifest that lists them, then the old files; a crash in between leaves a store that can be
/// repaired again, or is.
package enum Repair {
    /// What is wrong and what would be done; reads only.
    package static func plan(_ fileSystem: any FileSystem) throws(StorageError) -> RepairPlan {
        try RepairPlanner.plan(fileSystem)
    }

    /// Plans anew under the lock of the store and carries the plan out.
    package static func run(
        _ fileSystem: any FileSystem, owner: String = "this process",
        options: StoreOptions = StoreOptions()
    ) throws(StorageError) -> RepairPlan {
        let lock = try fileSystem.lock(FileNames.lock, owner: owner)
        defer { withExtendedLifetime(lock) {} }
        var plan = try RepairPlanner.plan(fileSystem)
        guard plan.isNeeded else { return plan }
        try fileSystem.createFolder(FileNames.segmentFolder)
        try fileSystem.createFolder(FileNames.logFolder)
        try fileSystem.createFolder(FileNames.quarantineFolder)
        try fileSystem.syncFolder("")
        for salvage in plan.salvages {
            if let summary = try write(salvage, plan, fileSystem, options) {
                plan.manifest.segments.append(summary)
            }
        }
        plan.manifest.segments.sort {
            ($0.sequences.upperBound, $0.fileID) < ($1.sequences.upperBound, $1.fileID)
        }
        if let identity = plan.identity {
            if try fileSystem.exists(FileNames.identity) {
                try quarantine(
                    FileNames.identity, "damaged, and written anew", plan.manifest.number,
                    fileSystem, isCopy: true)
            }
            try fileSystem.durableReplace(FileNames.identity, with: identity.encode())
        }
        for copy in plan.copies {
            try quarantine(copy.path, copy.why, plan.manifest.number, fileSystem, isCopy: true)
        }
        try ManifestFile.write(
            plan.manifest, databaseID: plan.databaseID, salt: .random(in: .min ... .max),
            in: fileSystem)
        for move in plan.moves where try fileSystem.exists(move.path) {
            try quarantine(move.path, move.why, plan.manifest.number, fileSystem, isCopy: false)
        }
        return plan
    }

    private static func quarantine(
        _ path: String, _ why: String, _ number: UInt64, _ fileSystem: any FileSystem,
        isCopy: Bool
    ) throws(StorageError) {
        let name = Recovery.quarantined(path) + "-recovered-\(number)"
        try fileSystem.durableReplace(
            name + FileNames.reasonSuffix, with: Array("\(path): \(why)\n".utf8))
        if isCopy {
            try fileSystem.durableReplace(name, with: try fileSystem.readAll(path))
        } else {
            try fileSystem.rename(path, to: name)
            try fileSystem.syncFolder(FileNames.quarantineFolder)
            try fileSystem.syncFolder(type(of: fileSystem).folder(of: path))
        }
    }

    /// The whole blocks of a damaged segment as a new one of the same place in the order of
    /// writes; nil where no row of a live table is among them.
    private static func write(
        _ salvage: RepairPlan.Salvage, _ plan: RepairPlan, _ fileSystem: any FileSystem,
        _ options: StoreOptions
    ) throws(StorageError) -> SegmentSummary? {
        let summary = salvage.summary
        let path = FileNames.segment(summary.fileID)
        let whole = try SegmentReader(
            try fileSystem.open(path, .read), path: path, databaseID: plan.databaseID)
        let reader = whole.without(salvage.damagedBlocks)
        var keys: [UInt32: SeriesKey] = [:]
        for entry in try whole.series() { keys[entry.number] = entry.key }
        let target = FileNames.segment(salvage.fileID)
        let writer = try SegmentWriter(
            SegmentWriter.Target(
                fileID: salvage.fileID, salt: .random(in: .min ... .max),
                databaseID: plan.databaseID, sequences: summary.sequences, table: summary.table,
                partition: summary.partition, replacedFileIDs: [summary.fileID],
                tombstones: whole.footer.tombstones, appliedThrough: summary.appliedThrough),
            path: target, in: fileSystem, options: options)
        do throws(StorageError) {
            for number in Set(reader.index.entries.map(\.table)).sorted() {
                guard let table = plan.manifest.catalog.table(numbered: number) else { continue }
                try writer.begin(table)
                let columns = MergeColumns.all(of: table)
                let everything = Int64.min..<Int64.max
                var rows = RowRewriter(
                    table, columns, [try SegmentCursor(reader, columns, times: everything)],
                    times: .everything)
                while let part = try rows.next() { try writer.append(part) }
            }
            let made = try writer.finish { (number) throws(StorageError) in
                guard let key = keys[number] else {
                    throw StorageError(.damaged, "series \(number) has no key", file: path)
                }
                return key
            }
            guard let made else { return nil }
            try SegmentVerification.verify(
                made,
                SegmentPlace(
                    fileSystem: fileSystem, databaseID: plan.databaseID, options: options))
            return made
        } catch {
            writer.discard()
            throw error
        }
    }
}
