import BelfryCore

/// Recent points as a list of immutable runs for each table; active, then sealed.
///
/// Invariant: the runs of a table stand by ascending sequence, and so by age.
struct Memtable: Sendable {
    /// By table number.
    private(set) var runs: [UInt32: [Run]] = [:]
    private(set) var byteCount = 0
    /// The first and last sequence of its writes; nil while it is empty.
    private(set) var sequences: ClosedRange<UInt64>?
    /// The log files that hold its writes.
    var logFiles: [String] = []
    /// What was deleted by tags and times, oldest first.
    private(set) var tombstones: [Tombstone] = []
    /// By table: how many of its runs are older than its last tombstone. Those are not joined with
    /// later ones, for it hides rows of theirs alone.
    private var barriers: [UInt32: Int] = [:]

    var isEmpty: Bool { sequences == nil }
    var allRuns: [Run] { runs.keys.sorted().flatMap { runs[$0] ?? [] } }

    /// How many rows joining may bring together.
    private static let joinedRowCountLimit = 65_536
    /// How many neighbours of like size are joined.
    private static let joinCount = 4

    mutating func append(_ run: Run) {
        byteCount += run.byteCount
        note(run.sequences)
        runs[run.table, default: []].append(run)
        joinNeighbours(run.table)
    }

    mutating func append(_ tombstone: Tombstone) {
        byteCount += 64 + (tombstone.series?.count ?? 0) * 4
        note(tombstone.sequence...tombstone.sequence)
        tombstones.append(tombstone)
        barriers[tombstone.table] = runs[tombstone.table]?.count ?? 0
    }

    /// Appends all of a newer memtable, whose runs stay as they are; nothing is appended after.
    mutating func append(contentsOf newer: Memtable) {
        byteCount += newer.byteCount
        if let sequences = newer.sequences { note(sequences) }
        for (table, runs) in newer.runs { self.runs[table, default: []] += runs }
        tombstones += newer.tombstones
        logFiles += newer.logFiles
    }

    /// Notes a write that left no rows behind.
    mutating func note(_ added: ClosedRange<UInt64>) {
        if let known = sequences {
            sequences =
                min(
                    known.lowerBound, added.lowerBound)...max(
                    known.upperBound, added.upperBound)
        } else {
            sequences = added
        }
    }

    /// Joins the last four runs as long as they are of like size and small: the list stays
    /// logarithmic, and a row is copied at most eight times.
    private mutating func joinNeighbours(_ table: UInt32) {
        guard var list = runs.removeValue(forKey: table) else { return }
        let barrier = barriers[table] ?? 0
        while list.count - barrier >= Self.joinCount {
            let tail = list[(list.count - Self.joinCount)...]
            let rowCounts = tail.map(\.rowCount)
            let rowCount = rowCounts.reduce(0, +)
            guard rowCount <= Self.joinedRowCountLimit,
                rowCounts[0] <= Self.joinCount * (rowCounts.last ?? 0)
            else { break }
            let joined = RunJoin.join(Array(tail))
            byteCount += joined.byteCount - tail.reduce(0) { $0 + $1.byteCount }
            list.removeLast(Self.joinCount)
            list.append(joined)
        }
        runs[table] = list
    }
}
