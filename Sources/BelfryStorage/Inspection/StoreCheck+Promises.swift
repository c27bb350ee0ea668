import BelfryCore

/// Promises that hold between files, and between a segment's parts: beyond what each checksum and
/// each reader says for itself.
extension Store {
    /// Footer, blocks and dictionary of a segment agree with each other and with the manifest.
    func checkParts(
        _ reader: SegmentReader, _ summary: SegmentSummary, _ manifest: Manifest,
        _ report: inout CheckReport
    ) throws(StorageError) {
        let path = reader.path
        let footer = reader.footer
        var tables: Set<UInt32> = []
        var first = Int64.max
        var last = Int64.min
        for block in reader.index.entries.indices {
            let entry = reader.index.entries[block]
            tables.insert(entry.table)
            first = min(first, entry.minTime)
            last = max(last, entry.maxTime)
            let header = try reader.header(block, nil)
            if !summary.sequences.contains(header.sequences.lowerBound)
                || !summary.sequences.contains(header.sequences.upperBound)
            {
                report.add(
                    "block \(block) holds writes that the segment does not", file: path,
                    offset: entry.offset)
            }
            if let table = summary.table, entry.table != table {
                report.add("block \(block) is of another table", file: path, offset: entry.offset)
            }
        }
        if footer.tables.map(\.number) != tables.sorted() {
            report.add("the footer's tables are not those of the blocks", file: path)
        }
        if first != footer.minTime || last != footer.maxTime {
            report.add("the footer's times are not those of the blocks", file: path)
        }
        let stated = reader.summary(byteCount: summary.byteCount)
        if stated.times != summary.times || stated.table != summary.table
            || stated.partition != summary.partition
        {
            report.add(
                "times, table or partition are not what the manifest says", file: path)
        }
        for place in footer.pages where place.lastSeries >= manifest.nextSeries {
            report.add(
                "series \(place.lastSeries) was never handed out, by the manifest", file: path,
                offset: place.offset)
        }
    }

    /// Numbers, deletions and lists of the manifest.
    func checkNumbers(_ manifest: Manifest, _ last: UInt64, _ report: inout CheckReport) {
        let path = FileNames.manifest(manifest.number)
        if manifest.flushedThrough > last {
            report.add(
                "flushed through write \(manifest.flushedThrough), the last one is \(last)",
                file: path)
        }
        let live = Set(manifest.segments.map(\.fileID))
        if live.count < manifest.segments.count {
            report.add("a segment is listed twice", file: path)
        }
        for fileID in manifest.retired where live.contains(fileID) {
            report.add("segment \(fileID) is live and has left", file: path)
        }
        for fileID in manifest.retired where fileID >= manifest.nextFileID {
            report.add("segment \(fileID) has left and was never handed out", file: path)
        }
        for segment in manifest.segments {
            if let table = segment.table, table >= manifest.nextTable {
                report.add("table \(table) was never handed out", file: path)
            }
        }
        for tombstone in manifest.tombstones {
            if tombstone.sequence > manifest.flushedThrough {
                report.add(
                    "a deletion of write \(tombstone.sequence), which is in the log", file: path)
            }
            if tombstone.table >= manifest.nextTable {
                report.add("a deletion in table \(tombstone.table), which never was", file: path)
            }
        }
        for table in manifest.catalog.tables where table.primaryKey.isEmpty {
            if table.columns.count(where: { $0.role == .time }) > 1 {
                report.add("table \(table.name) has two columns of time", file: path)
            }
        }
    }

    /// Files that nothing lists: no damage, but worth a line.
    func noteStrangers(_ manifest: Manifest, _ report: inout CheckReport) {
        let known = Set(manifest.segments.map(\.fileID)).union(manifest.retired)
        let names = (try? fileSystem.list(FileNames.segmentFolder)) ?? []
        for name in names.sorted() {
            let path = FileNames.segmentFolder + "/" + name
            if let fileID = FileNames.segmentID(name) {
                // One that is being written has a number from there on.
                if !known.contains(fileID) && fileID < manifest.nextFileID {
                    report.notes.append("\(path): no manifest lists it")
                }
            } else if !FileNames.isTemporary(name) {
                report.notes.append("\(path): no file of a store has such a name")
            }
        }
        let quarantined = (try? fileSystem.list(FileNames.quarantineFolder)) ?? []
        for name in quarantined.sorted() where !name.hasSuffix(FileNames.reasonSuffix) {
            report.notes.append(
                "\(FileNames.quarantineFolder)/\(name) is kept with its reason beside it")
        }
    }
}
