import BelfryCore

/// Which of the segments in a folder are live, by their footers alone.
///
/// A compaction's outputs name the files whose rows they took over, and those are removed only once
/// the outputs are in a durable manifest. So:
/// 1. Where all files that an output took over are there and whole, it may be one of several that
///    a crash cut off: they count, and it does not. They hold every row.
/// 2. Where one of them is missing or damaged, the output had been published: it counts, and what
///    is left of its sources does not.
/// 3. Of outputs that took over the same file in two attempts, the newer attempt counts.
enum SegmentChoice {
    struct Choice {
        var live: [FoundSegment] = []
        var left: [(FoundSegment, why: String)] = []
    }

    static func choose(_ found: [UInt64: FoundSegment], retired: Set<UInt64>) -> Choice {
        var choice = Choice()
        // What the live ones took over, and who did.
        var covered: [UInt64: UInt64] = [:]
        for fileID in retired { covered[fileID] = 0 }
        for fileID in found.keys.sorted(by: >) {
            guard let segment = found[fileID] else { continue }
            let sources = segment.footer.replacedFileIDs
            if let newer = covered[fileID] {
                let why =
                    newer == 0
                    ? "an older manifest says that it had left"
                    : "segment \(newer) holds its rows"
                choice.left.append((segment, why))
                // Its own sources are gone with it.
                for source in sources where covered[source] == nil { covered[source] = newer }
                continue
            }
            let hasSources =
                !sources.isEmpty
                && sources.allSatisfy { source in
                    found[source]?.isWhole == true && covered[source] == nil
                }
            if hasSources {
                choice.left.append(
                    (segment, "the segments that it was made of are all there and whole"))
                continue
            }
            if let twin = choice.live.first(where: { isTwin($0, segment) }) {
                choice.left.append(
                    (segment, "segment \(twin.summary.fileID) is of a later attempt"))
                continue
            }
            choice.live.append(segment)
            for source in sources { covered[source] = fileID }
        }
        return choice
    }

    /// Whether two outputs hold the same rows: same table, overlapping partitions and series, made
    /// of a common source.
    private static func isTwin(_ one: FoundSegment, _ other: FoundSegment) -> Bool {
        guard let table = one.summary.table, other.summary.table == table,
            let first = one.summary.partition, let second = other.summary.partition,
            first.overlaps(second), let mine = one.series[table], let theirs = other.series[table],
            mine.overlaps(theirs)
        else { return false }
        return !Set(one.footer.replacedFileIDs).isDisjoint(with: other.footer.replacedFileIDs)
    }
}

/// The tables that footers and an older manifest tell of.
struct RecoveredCatalog {
    private var byNumber: [UInt32: TableSchema] = [:]
    private let older: Manifest?
    private(set) var notes: [String] = []
    private(set) var greatestNumber: UInt32?

    init(_ older: Manifest?) {
        self.older = older
        for table in older?.catalog.tables ?? [] { byNumber[table.number] = table }
        greatestNumber = older?.catalog.tables.last?.number
    }

    mutating func add(_ tables: [TableSchema]) {
        for table in tables {
            greatestNumber = max(greatestNumber ?? 0, table.number)
            if let older, table.number < older.nextTable,
                older.catalog.table(numbered: table.number) == nil
            {
                // Dropped before that manifest was written.
                continue
            }
            if let known = byNumber[table.number], known.version >= table.version { continue }
            byNumber[table.number] = table
        }
    }

    func has(_ number: UInt32) -> Bool { byNumber[number] != nil }

    /// By number; where two have one name, the later keeps it.
    var tables: [TableSchema] {
        var names: Set<String> = []
        var result: [TableSchema] = []
        for number in byNumber.keys.sorted(by: >) {
            guard var table = byNumber[number] else { continue }
            if !names.insert(table.name.lowercased()).inserted {
                table.name += "_recovered_\(number)"
                names.insert(table.name.lowercased())
            }
            result.append(table)
        }
        return result.reversed()
    }
}
