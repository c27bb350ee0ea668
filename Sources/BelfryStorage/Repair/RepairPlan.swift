package import BelfryCore

/// What `belfry recover` found and will do: complete before a byte is changed.
package struct RepairPlan: Sendable {
    /// Rows that no file holds any more.
    package struct Loss: Sendable, CustomStringConvertible {
        package let file: String
        /// Nil where the file does not tell.
        package let table: String?
        package let times: TimeRange?
        /// At most so many rows.
        package let rowCount: UInt64?

        package var description: String {
            let rows = rowCount.map { "up to \($0) rows" } ?? "rows"
            let range = times.map { " from \($0.start) to before \($0.end)" } ?? " of unknown times"
            return "lost with \(file): \(rows) of \(table.map { "table \($0)" } ?? "some table")"
                + range
        }
    }

    /// What is wrong, in sentences with file and byte.
    package internal(set) var findings: [String] = []
    /// What will be done, in order.
    package internal(set) var steps: [String] = []
    package internal(set) var losses: [Loss] = []

    /// Whether there is anything to mend.
    package var isNeeded: Bool { !findings.isEmpty }

    /// Written anew where the file is damaged or missing.
    var identity: StoreIdentity?
    var databaseID: [UInt8] = []
    /// The next manifest, without the segments that are made by salvage.
    var manifest = Manifest()
    /// Segments of which some blocks are whole.
    var salvages: [Salvage] = []
    /// Files that go to quarantine once the manifest is durable.
    var moves: [(path: String, why: String)] = []
    /// Files that stay, of which quarantine gets a copy before.
    var copies: [(path: String, why: String)] = []

    /// A damaged segment, and the blocks that cannot be read.
    struct Salvage: Sendable {
        let summary: SegmentSummary
        let damagedBlocks: Set<Int>
        let fileID: UInt64
    }
}

/// A segment file as recovery found it.
struct FoundSegment {
    let path: String
    let summary: SegmentSummary
    let footer: SegmentFooter
    let damagedBlocks: Set<Int>
    /// The first and last series of each table.
    let series: [UInt32: ClosedRange<UInt32>]

    var isWhole: Bool { damagedBlocks.isEmpty }

    /// Opens and reads all of a file. A part other than a block that is damaged is an error.
    static func read(
        _ path: String, databaseID: [UInt8], in fileSystem: any FileSystem
    ) throws(StorageError) -> (FoundSegment, problems: [StorageError]) {
        let file = try fileSystem.open(path, .read)
        let reader = try SegmentReader(file, path: path, databaseID: databaseID)
        var damaged: Set<Int> = []
        var problems: [StorageError] = []
        for block in reader.index.entries.indices {
            do throws(StorageError) {
                try SegmentVerification.verify(block, reader)
            } catch {
                guard error.isDamage else { throw error }
                damaged.insert(block)
                problems.append(error)
            }
        }
        if damaged.isEmpty { try SegmentVerification.verify(reader) }
        // Without keys no series has a name, so a damaged page takes the file with it.
        var ranges: [UInt32: ClosedRange<UInt32>] = [:]
        _ = try reader.series()
        for page in reader.footer.pages {
            let known = ranges[page.table]
            ranges[page.table] =
                min(
                    known?.lowerBound ?? .max, page.firstSeries)...max(
                    known?.upperBound ?? 0, page.lastSeries)
        }
        let found = FoundSegment(
            path: path, summary: reader.summary(byteCount: try reader.byteCount()),
            footer: reader.footer, damagedBlocks: damaged, series: ranges)
        return (found, problems)
    }
}
