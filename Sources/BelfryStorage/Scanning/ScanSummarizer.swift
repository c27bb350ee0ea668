import BelfryCodecs
import BelfryCore

/// Takes rows that a merge gives out as what statistics tell of them, where they are all of one
/// group, and adds up what is of the same group.
///
/// Rows are offered only where each counts as it stands: no other source has a say in them, none
/// is hidden, deleted or overwritten.
///
/// Order: where groups go by series, what is ready comes before all rows collected meanwhile, and
/// nothing is taken while rows wait that were given before; so items come series by series.
///
/// Threads: one at a time.
final class ScanSummarizer {
    /// Rows of one group.
    struct Summary {
        var series: UInt32
        var rowCount: Int
        /// Of their times, where these are known.
        var bounds: (first: Int64, last: Int64)?
        /// A column each, in the order of the request.
        var columns: [VectorStatistics]
    }

    /// Where the values of a column come from.
    enum Subject {
        case nothing
        case time
        case field(slot: Int, needsValues: Bool)
    }

    enum Outcome { case taken, refused, mustWait }

    let request: SummaryRequest
    private let subjects: [Subject]
    private let columns: MergeColumns
    private let needsBounds: Bool
    private let needsTimes: Bool
    private let needsFields: Bool
    private var pending: Summary?
    /// How many were added to it. A limit brings the query back now and then, where it can be
    /// cancelled.
    private var joinedCount = 0
    private static let joinedCountLimit = 1024
    /// To be given before anything else.
    private var ready: [Summary] = []
    /// Something was offered that has to come behind the rows collected so far.
    private(set) var isWaiting = false

    init(_ request: SummaryRequest, _ subjects: [Subject], _ columns: MergeColumns) {
        self.request = request
        self.subjects = subjects
        self.columns = columns
        needsTimes = subjects.contains { if case .time = $0 { true } else { false } }
        needsFields = subjects.contains { if case .field = $0 { true } else { false } }
        needsBounds = needsTimes || request.isOneGroup != nil
    }

    /// Whether the merge has to stop for something to be given first.
    var mustStop: Bool { isWaiting || !ready.isEmpty }

    /// Whether a summary stands for rows before those that come now.
    var isPending: Bool { pending != nil }

    /// The next summary to give before the rows collected so far.
    func takeReady() -> Summary? { ready.isEmpty ? nil : ready.removeFirst() }

    /// Nothing can be added to the last summary any more.
    func close() {
        if let pending { ready.append(pending) }
        pending = nil
        joinedCount = 0
    }

    /// The rows that were waited for are gone.
    func stopWaiting() { isWaiting = false }

    /// - Parameters:
    ///   - rows: of the chunk.
    ///   - verdict: of the scan's conditions on the chunk; nil where there are none.
    ///   - isBehindRows: rows were collected that are not given yet.
    ///   - bounds: the least and the greatest time of the rows; nil where they are not at hand.
    func offer(
        _ chunk: RowChunk, _ rows: Range<Int>, series: UInt32, _ verdict: ScanVerdict?,
        isBehindRows: Bool,
        bounds: () throws(StorageError) -> (first: Int64, last: Int64)?
    ) throws(StorageError) -> Outcome {
        if let verdict, !verdict.rest.isEmpty { return .refused }
        if needsTimes && verdict?.rows != nil { return .refused }
        var made = Summary(series: series, rowCount: rows.count, columns: [])
        if needsBounds {
            guard let bounds = try bounds() else { return .refused }
            if let isOneGroup = request.isOneGroup, !isOneGroup(bounds.first, bounds.last) {
                return .refused
            }
            made.bounds = bounds
        }
        // Each part of a vector costs a look at the whole of it.
        if rows.count * 2 < chunk.rowCount && needsFields { return .refused }
        var chosen = verdict?.rows
        if rows.count < chunk.rowCount && (chosen != nil || needsFields) {
            chosen = RowBits.both(chosen, RowBits.range(rows, of: chunk.rowCount))
        }
        if let chosen {
            made.rowCount = RowBits.count(chosen)
            if made.rowCount == 0 { return .taken }
        }
        made.columns.reserveCapacity(subjects.count)
        for subject in subjects {
            switch subject {
            case .nothing: made.columns.append(.empty)
            case .time:
                let bounds = made.bounds ?? (0, 0)
                made.columns.append(
                    VectorStatistics(
                        count: rows.count,
                        numbers: .integers(
                            IntegerSummary(min: bounds.first, max: bounds.last, sum: 0))))
            case .field(let slot, let needsValues):
                guard
                    let statistics = try chunk.summary(
                        slot, needsValues: needsValues, rows: chosen)
                else { return .refused }
                made.columns.append(statistics)
            }
        }
        if request.isBySeries && isBehindRows {
            isWaiting = true
            return .mustWait
        }
        add(made)
        return .taken
    }

    private func add(_ made: Summary) {
        guard var sum = pending else {
            pending = made
            return
        }
        var isSame = sum.series == made.series || !request.isBySeries
        if isSame, let mine = sum.bounds, let theirs = made.bounds {
            let bounds = (min(mine.first, theirs.first), max(mine.last, theirs.last))
            if let isOneGroup = request.isOneGroup { isSame = isOneGroup(bounds.0, bounds.1) }
            sum.bounds = bounds
        }
        if !isSame {
            close()
            pending = made
            return
        }
        // Held by nobody else while it changes.
        pending = nil
        sum.rowCount += made.rowCount
        for index in sum.columns.indices { sum.columns[index].add(made.columns[index]) }
        pending = sum
        joinedCount += 1
        if joinedCount == Self.joinedCountLimit { close() }
    }
}
