import BelfryCore

/// Collects what a merge gives out, as pieces of chunks, and makes vectors of them.
///
/// Nothing is copied or decoded until a batch is made, and then column by column: a piece that is
/// a whole chunk becomes the chunk's own vector. A row folded of several is a piece of its own
/// whose columns are each taken from the newest part that has a value.
///
/// Invariant: pieces and extents each add up to the row count.
struct RowAssembler {
    /// Rows that stand together in a chunk, of one series or more; or rows of a fold.
    struct Piece {
        var chunk: RowChunk?
        /// Without a chunk: the index of the fold.
        var fold = 0
        /// The first row, in the chunk or in the fold.
        var start: Int
        var count: Int
    }

    /// Rows each made of several: its parts, newest first, in `parts`. Row `i` of a fold is made of
    /// the rows that stand `i` behind the parts' own, so two sources that have the same times in
    /// long stretches are one fold a stretch. Without parts it is one deleted row.
    struct Fold {
        var parts: Range<Int>
        var time: Int64
        var kind: RowKind
    }

    private(set) var pieces: [Piece] = []
    private(set) var extents: [Extent] = []
    private(set) var folds: [Fold] = []
    private(set) var parts: [(chunk: RowChunk, row: Int)] = []
    private(set) var rowCount = 0
    /// The chunks met last, to count each about once.
    private var recent: [RowChunk] = []
    private var chunkCount = 0

    var isEmpty: Bool { rowCount == 0 }

    /// More chunks than this are not kept alive for one batch.
    private static let chunkCountLimit = 64
    private static let recentCountLimit = 8

    /// Whether there is enough for a batch.
    func isFull(_ limit: Int) -> Bool {
        rowCount >= limit || chunkCount >= Self.chunkCountLimit
    }

    mutating func append(_ chunk: RowChunk, _ rows: Range<Int>, series: UInt32) {
        appendPiece(chunk, rows)
        appendExtent(series, rows.count)
    }

    /// Rows whose extents are appended apart.
    mutating func appendPiece(_ chunk: RowChunk, _ rows: Range<Int>) {
        rowCount += rows.count
        if let last = pieces.last, last.chunk === chunk {
            if last.start + last.count == rows.lowerBound {
                pieces[pieces.count - 1].count += rows.count
                return
            }
        } else {
            note(chunk)
        }
        pieces.append(Piece(chunk: chunk, start: rows.lowerBound, count: rows.count))
    }

    mutating func appendExtent(_ series: UInt32, _ rowCount: Int) {
        if let last = extents.last, last.series == series {
            extents[extents.count - 1].rowCount += rowCount
        } else {
            extents.append(Extent(series: series, rowCount: rowCount))
        }
    }

    /// Extents of other series than the last.
    mutating func appendExtents(_ added: ArraySlice<Extent>) {
        guard let first = added.first else { return }
        appendExtent(first.series, first.rowCount)
        extents.append(contentsOf: added.dropFirst())
    }

    /// Rows folded of `added`, newest first; of no parts it is a delete.
    mutating func appendFold(
        _ added: ArraySlice<(chunk: RowChunk, row: Int)>, count: Int = 1, time: Int64,
        kind: RowKind, series: UInt32
    ) {
        for part in added { note(part.chunk) }
        let start = parts.count
        parts.append(contentsOf: added)
        pieces.append(Piece(chunk: nil, fold: folds.count, start: 0, count: count))
        folds.append(Fold(parts: start..<parts.count, time: time, kind: kind))
        rowCount += count
        appendExtent(series, count)
    }

    /// What was found of the scan's conditions before the rows were given: the rows that may meet
    /// them, nil for all, and the conditions that are still to be tried.
    func judged(conditionCount: Int) -> (rows: [Int32]?, rest: [Int]) {
        var rest = Set<Int>()
        var hasRows = false
        for piece in pieces {
            guard let verdict = piece.chunk?.verdict else {
                return (nil, Array(0..<conditionCount))
            }
            rest.formUnion(verdict.rest)
            hasRows = hasRows || verdict.rows != nil || verdict.isNone
        }
        if !hasRows { return (nil, rest.sorted()) }
        var rows: [Int32] = []
        rows.reserveCapacity(rowCount)
        var row = 0
        for piece in pieces {
            let range = piece.start..<(piece.start + piece.count)
            if piece.chunk?.verdict?.isNone == true {
                // None of its rows; given for having stood beside rows of the same time.
            } else if let words = piece.chunk?.verdict?.rows {
                RowBits.append(words, range, shift: row - piece.start, to: &rows)
            } else {
                rows.append(contentsOf: Int32(row)..<Int32(row + piece.count))
            }
            row += piece.count
        }
        return (rows, rest.sorted())
    }

    private mutating func note(_ chunk: RowChunk) {
        if recent.contains(where: { $0 === chunk }) { return }
        if recent.count == Self.recentCountLimit { recent.removeFirst() }
        recent.append(chunk)
        chunkCount += 1
    }

    /// Adds chosen rows of another assembler, in ascending order.
    mutating func append(_ rows: some Sequence<Int32>, of other: RowAssembler) {
        var piece = 0
        var pieceStart = 0
        var extent = 0
        var extentStart = 0
        for row in rows {
            let row = Int(row)
            while row >= pieceStart + other.pieces[piece].count {
                pieceStart += other.pieces[piece].count
                piece += 1
            }
            while row >= extentStart + other.extents[extent].rowCount {
                extentStart += other.extents[extent].rowCount
                extent += 1
            }
            let series = other.extents[extent].series
            let place = other.pieces[piece].start + row - pieceStart
            if let chunk = other.pieces[piece].chunk {
                append(chunk, place..<(place + 1), series: series)
            } else {
                let fold = other.folds[other.pieces[piece].fold]
                let moved = other.parts[fold.parts].map { (chunk: $0.chunk, row: $0.row + place) }
                appendFold(moved[...], time: fold.time, kind: fold.kind, series: series)
            }
        }
    }

    /// Takes up to `limit` rows off the front. A piece is cut only where it is too long, or where
    /// the batch would stay small: whole vectors pass through whole.
    mutating func take(_ limit: Int) -> RowAssembler {
        if rowCount <= limit {
            let all = self
            self = RowAssembler()
            return all
        }
        var taken = 0
        var whole = 0
        while taken + pieces[whole].count <= limit {
            taken += pieces[whole].count
            whole += 1
        }
        var head = RowAssembler()
        head.folds = folds
        head.parts = parts
        head.pieces = Array(pieces[..<whole])
        pieces.removeFirst(whole)
        if taken < max(1, limit / 4) {
            let part = limit - taken
            var cut = pieces[0]
            cut.count = part
            head.pieces.append(cut)
            pieces[0].start += part
            pieces[0].count -= part
            taken = limit
        }
        head.rowCount = taken
        rowCount -= taken
        head.extents = takeExtents(taken)
        keepUsedFolds()
        recent = []
        chunkCount = 0
        for piece in pieces { if let chunk = piece.chunk { note(chunk) } }
        for part in parts { note(part.chunk) }
        return head
    }

    private mutating func takeExtents(_ count: Int) -> [Extent] {
        var taken = 0
        var whole = 0
        while whole < extents.count && taken + extents[whole].rowCount <= count {
            taken += extents[whole].rowCount
            whole += 1
        }
        var head = Array(extents[..<whole])
        extents.removeFirst(whole)
        if taken < count {
            head.append(Extent(series: extents[0].series, rowCount: count - taken))
            extents[0].rowCount -= count - taken
        }
        return head
    }

    /// Forgets the folds of rows that are gone, or a long scan would keep them all.
    private mutating func keepUsedFolds() {
        if folds.isEmpty { return }
        var usedFolds: [Fold] = []
        var usedParts: [(chunk: RowChunk, row: Int)] = []
        for index in pieces.indices where pieces[index].chunk == nil {
            var fold = folds[pieces[index].fold]
            let start = usedParts.count
            usedParts.append(contentsOf: parts[fold.parts])
            fold.parts = start..<usedParts.count
            pieces[index].fold = usedFolds.count
            usedFolds.append(fold)
        }
        folds = usedFolds
        parts = usedParts
    }
}
