import BelfryCore

/// Makes the plan of `belfry recover`, by reading alone.
///
/// 1. IDENTITY; where it is damaged, the database's id and version from the headers of its files.
/// 2. The newest manifest. Where neither of its copies is whole, or there is none, a new one is
///    made of the footers of all segments; an older manifest only lends what footers do not hold:
///    tables without rows, tombstones, numbers that were handed out.
/// 3. Every segment of it, read through: one with damaged blocks is written anew without them, one
///    that cannot be opened goes to quarantine.
///
/// The log needs no plan: opening reads it, and salvages it.
struct RepairPlanner {
    let fileSystem: any FileSystem
    private var plan = RepairPlan()
    private var manifestNames: [UInt64] = []
    private var found: [UInt64: FoundSegment] = [:]
    /// Segment files that cannot be opened.
    private var unreadable: [(path: String, error: StorageError)] = []

    private init(_ fileSystem: any FileSystem) { self.fileSystem = fileSystem }

    static func plan(_ fileSystem: any FileSystem) throws(StorageError) -> RepairPlan {
        var planner = RepairPlanner(fileSystem)
        let names = try fileSystem.list("")
        planner.manifestNames = names.compactMap(FileNames.manifestNumber).sorted()
        let hasFiles =
            !planner.manifestNames.isEmpty || names.contains(FileNames.identity)
            || names.contains(FileNames.segmentFolder)
        guard hasFiles else { throw StorageError(.missing, "no store is here") }
        try planner.readIdentity()
        try planner.readManifest()
        return planner.plan
    }

    // MARK: Identity

    private mutating func readIdentity() throws(StorageError) {
        do throws(StorageError) {
            let identity = try StoreIdentity.decode(
                try fileSystem.readAll(FileNames.identity), file: FileNames.identity)
            plan.databaseID = identity.databaseID
        } catch {
            guard error.code == .damaged || error.code == .missing else { throw error }
            plan.findings.append(error.description)
            var votes: [[UInt8]: Int] = [:]
            var version: UInt16 = 0
            for name in try fileSystem.list(FileNames.segmentFolder) {
                let path = FileNames.segmentFolder + "/" + name
                guard let bytes = head(path, SegmentFormat.headerByteCount),
                    let header = try? SegmentHeader.decode(bytes)
                else { continue }
                votes[header.databaseID, default: 0] += 1
                version = max(version, header.version)
            }
            for name in try fileSystem.list(FileNames.logFolder) {
                let path = FileNames.logFolder + "/" + name
                guard let bytes = head(path, LogFormat.fileHeaderByteCount),
                    let header = try? LogHeader.decode(bytes)
                else { continue }
                votes[header.databaseID, default: 0] += 1
                version = max(version, header.version)
            }
            for number in manifestNames {
                guard let bytes = head(FileNames.manifest(number), 40), bytes.count == 40,
                    Array(bytes[..<8]) == ManifestFile.magic
                else { continue }
                let id = Array(bytes[16..<32])
                guard (try? ManifestFile.read(number, databaseID: id, in: fileSystem)) != nil
                else { continue }
                votes[id, default: 0] += 1
                version = max(version, UInt16(bytes.littleEndian(at: 8, 2)))
            }
            guard let id = votes.max(by: { $0.value < $1.value })?.key else {
                throw StorageError(
                    .damaged, "no file tells whose store this is", file: FileNames.identity)
            }
            let identity = StoreIdentity(
                databaseID: id, salt: UInt64.random(in: .min ... .max), version: version)
            plan.identity = identity
            plan.databaseID = id
            plan.steps.append(
                "IDENTITY is written anew, with the database id of \(votes[id] ?? 0) files")
        }
    }

    private func head(_ path: String, _ count: Int) -> [UInt8]? {
        do throws(StorageError) {
            return try fileSystem.open(path, .read).read(at: 0, count: count)
        } catch { return nil }
    }

    // MARK: Manifest

    private mutating func readManifest() throws(StorageError) {
        if let newest = manifestNames.last {
            do throws(StorageError) {
                plan.manifest = try ManifestFile.read(
                    newest, databaseID: plan.databaseID, in: fileSystem)
                try checkSegments()
                finish(newest)
                return
            } catch {
                guard error.code == .damaged else { throw error }
                plan.findings.append("\(error): both copies of the newest manifest are damaged")
                plan.moves.append((FileNames.manifest(newest), "\(error)"))
            }
        } else {
            plan.findings.append("there is no manifest")
        }
        var older: Manifest?
        for number in manifestNames.dropLast().reversed() where older == nil {
            older = try? ManifestFile.read(
                number, databaseID: plan.databaseID, in: fileSystem)
        }
        try readAllSegments()
        rebuild(older)
        try readLogNames()
        try readLogRows(older)
        finish(manifestNames.last ?? 0)
    }

    private mutating func finish(_ newest: UInt64) {
        if !plan.isNeeded { return }
        plan.manifest.number = newest + 1
        plan.steps.append(
            "\(FileNames.manifest(newest + 1)) is written: "
                + "\(plan.manifest.catalog.tables.count) tables, "
                + "\(plan.manifest.segments.count + plan.salvages.count) segments, "
                + "flushed through write \(plan.manifest.flushedThrough)")
        for move in plan.moves {
            plan.steps.append("\(move.path) goes to quarantine: \(move.why)")
        }
        for copy in plan.copies {
            plan.steps.append("\(copy.path) is copied to quarantine: \(copy.why)")
        }
    }

    /// Every segment that a whole manifest lists.
    private mutating func checkSegments() throws(StorageError) {
        var kept: [SegmentSummary] = []
        for summary in plan.manifest.segments {
            let path = FileNames.segment(summary.fileID)
            do throws(StorageError) {
                let (segment, problems) = try FoundSegment.read(
                    path, databaseID: plan.databaseID, in: fileSystem)
                guard segment.summary.salt == summary.salt,
                    segment.summary.fileID == summary.fileID,
                    segment.summary.rowCount == summary.rowCount,
                    segment.summary.sequences == summary.sequences
                else {
                    throw StorageError(
                        .damaged, "another segment than the manifest expects", file: path)
                }
                plan.findings += problems.map(\.description)
                if segment.isWhole {
                    kept.append(summary)
                } else {
                    salvage(segment, summary)
                }
            } catch {
                guard error.isDamage else { throw error }
                plan.findings.append(error.description)
                lose(path, summary, error)
            }
        }
        plan.manifest.segments = kept
    }

    private mutating func lose(_ path: String, _ summary: SegmentSummary?, _ error: StorageError) {
        let table = summary?.table.map { number in
            plan.manifest.catalog.table(numbered: number)?.name ?? "number \(number)"
        }
        plan.losses.append(
            RepairPlan.Loss(
                file: path, table: table, times: summary?.times, rowCount: summary?.rowCount))
        if error.code != .missing { plan.moves.append((path, "\(error)")) }
    }

    /// What is whole of a damaged segment goes into a new one.
    private mutating func salvage(_ segment: FoundSegment, _ summary: SegmentSummary) {
        guard let file = try? fileSystem.open(segment.path, .read),
            let reader = try? SegmentReader(
                file, path: segment.path, databaseID: plan.databaseID)
        else { return }
        for block in segment.damagedBlocks.sorted() {
            let entry = reader.index.entries[block]
            let name = segment.footer.tables.first { $0.number == entry.table }?.name
            plan.losses.append(
                RepairPlan.Loss(
                    file: "\(segment.path), block \(block)", table: name,
                    times: TimeRange(
                        start: Timestamp(nanoseconds: entry.minTime),
                        end: Timestamp(nanoseconds: entry.maxTime).advanced(byNanoseconds: 1)),
                    rowCount: UInt64(entry.rowCount)))
        }
        plan.moves.append((segment.path, "\(segment.damagedBlocks.count) damaged blocks"))
        let wholeBlockCount = reader.index.entries.count - segment.damagedBlocks.count
        if wholeBlockCount == 0 { return }
        let fileID = plan.manifest.nextFileID
        plan.manifest.nextFileID += 1
        plan.salvages.append(
            RepairPlan.Salvage(
                summary: summary, damagedBlocks: segment.damagedBlocks, fileID: fileID))
        plan.steps.append(
            "\(FileNames.segment(fileID)) takes the \(wholeBlockCount) whole blocks of "
                + segment.path)
    }

    // MARK: Without a manifest

    private mutating func readAllSegments() throws(StorageError) {
        for name in try fileSystem.list(FileNames.segmentFolder) {
            let path = FileNames.segmentFolder + "/" + name
            guard let fileID = FileNames.segmentID(name) else { continue }
            plan.manifest.nextFileID = max(plan.manifest.nextFileID, fileID + 1)
            do throws(StorageError) {
                let (segment, problems) = try FoundSegment.read(
                    path, databaseID: plan.databaseID, in: fileSystem)
                guard segment.summary.fileID == fileID else {
                    throw StorageError(
                        .damaged, "this is segment \(segment.summary.fileID)", file: path)
                }
                found[fileID] = segment
                plan.findings += problems.map(\.description)
            } catch {
                guard error.isDamage else { throw error }
                plan.findings.append(error.description)
                unreadable.append((path, error))
            }
        }
    }

    private mutating func rebuild(_ older: Manifest?) {
        if let older {
            plan.steps.append(
                "manifest \(older.number) lends what no footer holds: tables without rows, numbers "
                    + "handed out, deletions")
        }
        let chosen = SegmentChoice.choose(found, retired: Set(older?.retired ?? []))
        var catalog = RecoveredCatalog(older)
        for segment in chosen.live { catalog.add(segment.footer.tables) }
        plan.steps += catalog.notes
        let known = plan.manifest.nextFileID
        plan.manifest = Manifest()
        plan.manifest.catalog = Catalog(catalog.tables)
        plan.manifest.epoch = older?.epoch ?? 0
        plan.manifest.nextFileID = max(known, older?.nextFileID ?? 1)
        plan.manifest.nextTable = max(
            older?.nextTable ?? 1, (catalog.greatestNumber ?? 0) + 1)
        plan.manifest.lastPlausibleClock = older?.lastPlausibleClock ?? 0
        plan.manifest.flushedThrough = older?.flushedThrough ?? 0
        plan.manifest.nextSeries = older?.nextSeries ?? 1
        var tombstones = Set(older?.tombstones ?? [])
        for segment in found.values {
            tombstones.formUnion(segment.footer.tombstones)
            for range in segment.series.values where range.upperBound < .max - 1 {
                plan.manifest.nextSeries = max(plan.manifest.nextSeries, range.upperBound + 1)
            }
        }
        for segment in chosen.live {
            plan.manifest.flushedThrough = max(
                plan.manifest.flushedThrough, segment.summary.sequences.upperBound)
            if segment.isWhole {
                plan.manifest.segments.append(segment.summary)
            } else {
                salvage(segment, segment.summary)
            }
        }
        for (segment, why) in chosen.left { plan.moves.append((segment.path, why)) }
        for (path, error) in unreadable {
            let summary = older?.segments.first { FileNames.segment($0.fileID) == path }
            lose(path, summary, error)
        }
        for tombstone in tombstones where catalog.has(tombstone.table) {
            plan.manifest.tombstones.append(tombstone)
            plan.manifest.flushedThrough = max(
                plan.manifest.flushedThrough, tombstone.sequence)
        }
        plan.manifest.tombstones.sort { $0.sequence < $1.sequence }
        plan.manifest.segments.sort {
            ($0.sequences.upperBound, $0.fileID) < ($1.sequences.upperBound, $1.fileID)
        }
    }

    /// A log that begins later than the segments end: what was between had no rows of a live
    /// table, or is lost.
    private mutating func readLogNames() throws(StorageError) {
        let firsts = try fileSystem.list(FileNames.logFolder).compactMap(FileNames.logSequence)
        for name in try fileSystem.list(FileNames.logFolder) {
            guard let bytes = head(FileNames.logFolder + "/" + name, LogFormat.fileHeaderByteCount),
                let header = try? LogHeader.decode(bytes)
            else { continue }
            plan.manifest.epoch = max(plan.manifest.epoch, header.epoch)
        }
        let next = plan.manifest.flushedThrough + 1
        guard let first = firsts.min(), first > next, first < UInt64(Manifest.numberLimit) else {
            return
        }
        plan.manifest.flushedThrough = first - 1
        plan.findings.append(
            "writes \(next) to \(first - 1) are in no segment, and the log begins with \(first): "
                + "they held no rows that count any more, or those are lost")
    }

    /// What the log has of tables that no file defines.
    private mutating func readLogRows(_ older: Manifest?) throws(StorageError) {
        var undefined = UndefinedRows(plan.manifest, older: older)
        let firsts = try fileSystem.list(FileNames.logFolder).compactMap(FileNames.logSequence)
            .sorted()
        for (index, first) in firsts.enumerated() {
            undefined.read(
                FileNames.log(firstSequence: first), databaseID: plan.databaseID, in: fileSystem,
                followedBy: index + 1 < firsts.count ? firsts[index + 1] : nil)
        }
        if let greatest = undefined.greatestTable {
            plan.manifest.nextTable = max(plan.manifest.nextTable, greatest + 1)
        }
        plan.losses += undefined.losses.sorted { $0.key < $1.key }.map(\.value)
        plan.copies = undefined.paths.map { ($0, "rows of tables that no file defines") }
    }
}
