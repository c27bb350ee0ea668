import BelfryCodecs
import BelfryCore

/// Measuring what a store's bytes are for: block headers and directories of strips are read, no
/// payload; so it costs a small part of a scan, and needs no lock.
extension Store {
    /// Where another process takes files away meanwhile, it begins again.
    private static let sizesAttemptCountLimit = 5

    /// - Parameter table: its name; nil for all tables.
    /// - Parameter explains: decode the largest strip of each column and ask why it has its form.
    package func sizes(
        of table: String? = nil, explains: Bool = false
    ) throws(StorageError) -> StoreSizes {
        var attempt = 1
        while true {
            let snapshot = try currentSnapshot()
            let sizes = try snapshot.sizes(of: table, explains: explains)
            let isMissing = sizes.problems.contains { $0.code == .missing }
            if isMissing && options.isReadOnly && attempt < Self.sizesAttemptCountLimit {
                attempt += 1
                continue
            }
            var all = sizes
            all.files = try folderSizes()
            return all
        }
    }

    private func folderSizes() throws(StorageError) -> FolderSizes {
        var sizes = FolderSizes()
        for name in try fileSystem.list("") {
            switch name {
            case FileNames.segmentFolder: sizes.segments = try byteCount(below: name)
            case FileNames.logFolder: sizes.log = try byteCount(below: name)
            case FileNames.seriesFolder: sizes.series = try byteCount(below: name)
            case FileNames.reserve: sizes.reserve = byteCount(of: name)
            case FileNames.quarantineFolder: sizes.other += try byteCount(below: name)
            default:
                let byteCount = byteCount(of: name)
                if FileNames.manifestNumber(name) == nil {
                    sizes.other += byteCount
                } else {
                    sizes.manifests += byteCount
                }
            }
        }
        return sizes
    }

    private func byteCount(below folder: String) throws(StorageError) -> UInt64 {
        try fileSystem.list(folder).reduce(0) { $0 + byteCount(of: folder + "/" + $1) }
    }

    /// 0 for a file that has gone meanwhile, and for what is no file.
    private func byteCount(of path: String) -> UInt64 {
        (try? fileSystem.open(path, .read).byteCount()) ?? 0
    }
}

extension Snapshot {
    /// Of the rows that this sees; the folder's files are not looked at.
    package func sizes(
        of name: String? = nil, explains: Bool = false
    ) throws(StorageError) -> StoreSizes {
        let wanted = catalog.tables.filter { name == nil || $0.name == name }
        if let name, wanted.isEmpty {
            throw StorageError(.catalog, "there is no table \(name)")
        }
        var counts = StoreSizes()
        var tables: [UInt32: SizesOfTable] = [:]
        for table in wanted {
            tables[table.number] = SizesOfTable(table)
            for run in runs[table.number] ?? [] {
                tables[table.number]?.sizes.logRowCount += UInt64(run.times.count)
            }
        }
        for handle in segments {
            let summary = handle.summary
            counts.segmentCount += 1
            counts.segmentByteCount += summary.byteCount
            if let table = summary.table, tables[table] == nil { continue }
            do throws(StorageError) {
                let reader = try handle.reader()
                var overhead = SegmentOverhead()
                overhead.add(reader, fileByteCount: summary.byteCount)
                for number in Set(reader.index.entries.map(\.table)) {
                    // A segment is counted whole or not at all.
                    guard var table = tables[number] else { continue }
                    try table.add(reader, isCold: summary.isCold)
                    if summary.table == number { table.add(overhead) }
                    tables[number] = table
                }
                if summary.isWide { counts.shared.add(overhead) }
            } catch { counts.problems.append(error) }
        }
        if explains {
            for number in tables.keys.sorted() {
                do throws(StorageError) {
                    try tables[number]?.explain()
                } catch { counts.problems.append(error) }
            }
        }
        counts.tables = tables.values.map(\.finished).sorted { $0.table.name < $1.table.name }
        return counts
    }
}

extension SegmentOverhead {
    mutating func add(_ other: SegmentOverhead) {
        indexByteCount += other.indexByteCount
        footerByteCount += other.footerByteCount
        fixedByteCount += other.fixedByteCount
    }
}

/// The counts of a table while its segments are gone through.
private struct SizesOfTable {
    var sizes: TableSizes
    private var columns: [UInt32: ColumnSizes] = [:]
    /// The largest strip of each column.
    private var largest: [UInt32: Largest] = [:]

    private struct Largest {
        var reader: SegmentReader
        var block: Int
        var byteCount: Int
        var isCold: Bool
    }

    init(_ table: TableSchema) { sizes = TableSizes(table: table) }

    mutating func add(_ overhead: SegmentOverhead) { sizes.overhead.add(overhead) }

    mutating func add(_ reader: SegmentReader, isCold: Bool) throws(StorageError) {
        let number = sizes.table.number
        for block in reader.index.blocks(of: number) {
            let entry = reader.index.entries[block]
            let header = try reader.header(block, nil)
            sizes.blockCount += 1
            sizes.blockHeaderByteCount += entry.headerByteCount
            sizes.rowCount += UInt64(entry.rowCount)
            if isCold { sizes.coldRowCount += UInt64(entry.rowCount) }
            for place in header.strips { try add(place, block, reader) }
        }
        sizes.segmentCount += 1
        for page in reader.footer.pages where page.table == number {
            sizes.pageByteCount += page.byteCount
        }
    }

    private mutating func add(
        _ place: BlockHeader.StripPlace, _ block: Int, _ reader: SegmentReader
    ) throws(StorageError) {
        var column = columns[place.column] ?? named(place.column)
        column.valueCount += UInt64(place.valueCount)
        if place.reference == nil {
            let directory = try reader.directory(block, place)
            column.stripCount += 1
            if directory.isMapped { column.mappedCount += 1 }
            if directory.isCold { column.coldValueCount += UInt64(place.valueCount) }
            if place.byteCount > largest[place.column]?.byteCount ?? 0 {
                largest[place.column] = Largest(
                    reader: reader, block: block, byteCount: place.byteCount,
                    isCold: directory.isCold)
            }
            column.sizes.add(directory.sizes(kind: place.kind))
        } else {
            column.referenceCount += 1
            column.referenceValueCount += UInt64(place.valueCount)
        }
        columns[place.column] = column
    }

    mutating func explain() throws(StorageError) {
        for (column, strip) in largest {
            columns[column]?.explanation = try StripExplanation.text(
                strip.reader, block: strip.block, column: column, isCold: strip.isCold)
        }
    }

    private func named(_ number: UInt32) -> ColumnSizes {
        if let column = sizes.table.columns.first(where: { $0.number == number }) {
            return ColumnSizes(number: number, name: column.name, type: column.type)
        }
        let name =
            number == SegmentFormat.timeColumn
            ? "(time)"
            : number == SegmentFormat.kindColumn ? "(row kinds)" : "(dropped \(number))"
        return ColumnSizes(number: number, name: name, type: nil)
    }

    var finished: TableSizes {
        var finished = sizes
        finished.columns = columns.values.sorted { $0.number < $1.number }
        return finished
    }
}
