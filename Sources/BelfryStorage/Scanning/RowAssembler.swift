import BelfryCore

/// Collects what a merge gives out, as pieces of chunks, and makes vectors of them.
///
/// Nothing is copied or decoded until a batch is made, and then column by column: a piece that is
/// a whole chunk becomes the chunk's own vector. A row folded of several is a piece of its own
/// whose columns are each taken from the newest part that has a value.
struct RowAssembler {
    /// Rows of one series that stand together in a chunk; or, without a chunk, one folded row.
    struct Piece {
        var chunk: RowChunk?
        /// The first row in the chunk, or the index of the fold.
        var start: Int
        var count: Int
        var series: UInt32
    }

    /// The parts of a folded row, newest first.
    struct Fold {
        var parts: [(chunk: RowChunk, row: Int)]
        var time: Int64
        var kind: RowKind
    }

    private(set) var pieces: [Piece] = []
    private(set) var folds: [Fold] = []
    private(set) var rowCount = 0
    private var chunkCount = 0

    var isEmpty: Bool { pieces.isEmpty }

    /// More chunks than this are not kept alive for one batch.
    private static let chunkCountLimit = 64

    /// Whether there is enough for a batch.
    func isFull(_ limit: Int) -> Bool {
        rowCount >= limit || chunkCount >= Self.chunkCountLimit
    }

    mutating func append(_ chunk: RowChunk, _ rows: Range<Int>, series: UInt32) {
        rowCount += rows.count
        if let last = pieces.last, last.chunk === chunk {
            if last.series == series && last.start + last.count == rows.lowerBound {
                pieces[pieces.count - 1].count += rows.count
                return
            }
        } else {
            chunkCount += 1
        }
        pieces.append(
            Piece(chunk: chunk, start: rows.lowerBound, count: rows.count, series: series))
    }

    mutating func append(_ fold: Fold, series: UInt32) {
        rowCount += 1
        pieces.append(Piece(chunk: nil, start: folds.count, count: 1, series: series))
        folds.append(fold)
    }

    mutating func removeAll() {
        pieces.removeAll(keepingCapacity: true)
        folds.removeAll(keepingCapacity: true)
        rowCount = 0
        chunkCount = 0
    }

    /// Takes up to `limit` rows off the front. A piece is cut only where it is too long, or where
    /// the batch would stay small: whole vectors pass through whole.
    mutating func take(_ limit: Int) -> RowAssembler {
        var taken = 0
        var whole = 0
        while whole < pieces.count && taken + pieces[whole].count <= limit {
            taken += pieces[whole].count
            whole += 1
        }
        var head = RowAssembler()
        head.folds = folds
        if whole == pieces.count {
            head.pieces = pieces
            head.rowCount = rowCount
            removeAll()
            return head
        }
        head.pieces = Array(pieces[..<whole])
        head.rowCount = taken
        pieces.removeFirst(whole)
        if taken < max(1, limit / 4) {
            let part = limit - taken
            var cut = pieces[0]
            cut.count = part
            head.pieces.append(cut)
            head.rowCount += part
            pieces[0].start += part
            pieces[0].count -= part
        }
        rowCount -= head.rowCount
        keepUsedFolds()
        chunkCount = Set(pieces.compactMap { $0.chunk.map(ObjectIdentifier.init) }).count
        return head
    }

    /// Forgets the folds of rows that are gone, or a long scan would keep them all.
    private mutating func keepUsedFolds() {
        if folds.isEmpty { return }
        var used: [Fold] = []
        for index in pieces.indices where pieces[index].chunk == nil {
            used.append(folds[pieces[index].start])
            pieces[index].start = used.count - 1
        }
        folds = used
    }

    /// Adds chosen rows of another assembler, in ascending order.
    mutating func append(_ rows: [Int32], of other: RowAssembler) {
        var start = 0
        var next = 0
        for piece in other.pieces {
            let end = start + piece.count
            while next < rows.count && Int(rows[next]) < end {
                let row = Int(rows[next]) - start
                if let chunk = piece.chunk {
                    let place = piece.start + row
                    append(chunk, place..<(place + 1), series: piece.series)
                } else {
                    append(other.folds[piece.start], series: piece.series)
                }
                next += 1
            }
            start = end
        }
    }

    var extents: [Extent] {
        var extents: [Extent] = []
        for piece in pieces {
            if let last = extents.last, last.series == piece.series {
                extents[extents.count - 1].rowCount += piece.count
            } else {
                extents.append(Extent(series: piece.series, rowCount: piece.count))
            }
        }
        return extents
    }

    func times() throws(StorageError) -> [Int64] {
        if pieces.count == 1, let chunk = pieces[0].chunk, pieces[0].count == chunk.rowCount {
            return try chunk.times()
        }
        var times: [Int64] = []
        times.reserveCapacity(rowCount)
        for piece in pieces {
            if let chunk = piece.chunk {
                let all = try chunk.times()
                times.append(contentsOf: all[piece.start..<(piece.start + piece.count)])
            } else {
                times.append(folds[piece.start].time)
            }
        }
        return times
    }

    /// The raw kinds; nil where all are merge.
    func kinds() throws(StorageError) -> [UInt8]? {
        var kinds = [UInt8](repeating: RowKind.merge.rawValue, count: rowCount)
        var isUniform = true
        var row = 0
        for piece in pieces {
            if let chunk = piece.chunk {
                if let all = try chunk.kinds() {
                    for index in 0..<piece.count {
                        kinds[row + index] = all[piece.start + index]
                        if kinds[row + index] != RowKind.merge.rawValue { isUniform = false }
                    }
                }
            } else {
                kinds[row] = folds[piece.start].kind.rawValue
                if folds[piece.start].kind != .merge { isUniform = false }
            }
            row += piece.count
        }
        return isUniform ? nil : kinds
    }

    /// The rows of a column.
    func vector(_ slot: Int, _ type: DataType) throws(StorageError) -> Vector {
        if pieces.count == 1, let chunk = pieces[0].chunk {
            guard let vector = try chunk.vector(slot) else {
                return .nulls(type, count: rowCount)
            }
            return vector.slice(pieces[0].start..<(pieces[0].start + pieces[0].count))
        }
        switch type.layout {
        case .integers:
            var gather = Gather<Int64>(empty: 0, capacity: rowCount)
            try gather.fill(self, slot) {
                if case .integers(let values) = $0 { values } else { [] }
            }
            return Vector(type, .integers(gather.values), validity: gather.validity.finish())
        case .doubles:
            var gather = Gather<Double>(empty: 0, capacity: rowCount)
            try gather.fill(self, slot) { if case .doubles(let values) = $0 { values } else { [] } }
            return Vector(type, .doubles(gather.values), validity: gather.validity.finish())
        case .booleans:
            var gather = Gather<Bool>(empty: false, capacity: rowCount)
            try gather.fill(self, slot) {
                if case .booleans(let values) = $0 { values } else { [] }
            }
            return Vector(type, .booleans(gather.values), validity: gather.validity.finish())
        case .texts, .intervals:
            return try texts(slot, type)
        }
    }

    private func texts(_ slot: Int, _ type: DataType) throws(StorageError) -> Vector {
        var builder = VectorBuilder(type, capacity: rowCount)
        for piece in pieces {
            if let chunk = piece.chunk {
                if let vector = try chunk.vector(slot) {
                    let rows = piece.start..<(piece.start + piece.count)
                    builder.append(contentsOf: vector.slice(rows))
                } else {
                    builder.append(contentsOf: .nulls(type, count: piece.count))
                }
            } else if let part = try newest(folds[piece.start], slot) {
                builder.append(contentsOf: part.vector.slice(part.row..<(part.row + 1)))
            } else {
                builder.append(.null)
            }
        }
        return builder.finish()
    }

    /// Where a folded row's value of a column is.
    func newest(
        _ fold: Fold, _ slot: Int
    ) throws(StorageError) -> (vector: Vector, row: Int)? {
        for part in fold.parts {
            if let vector = try part.chunk.vector(slot), vector.validity.isValid(part.row) {
                return (vector, part.row)
            }
        }
        return nil
    }
}

/// The values of one column of fixed width as they are gathered from pieces.
private struct Gather<Element> {
    let empty: Element
    var values: [Element] = []
    var validity: ValidityBuilder

    init(empty: Element, capacity: Int) {
        self.empty = empty
        values.reserveCapacity(capacity)
        validity = ValidityBuilder(capacity: capacity)
    }

    /// The array of a chunk is taken out once for pieces that follow each other in it.
    mutating func fill(
        _ rows: RowAssembler, _ slot: Int, _ array: (VectorStorage) -> [Element]
    ) throws(StorageError) {
        var lastChunk: RowChunk?
        var lastValues: [Element]?
        var lastValidity = Validity.all
        for piece in rows.pieces {
            guard let chunk = piece.chunk else {
                if let part = try rows.newest(rows.folds[piece.start], slot) {
                    values.append(array(part.vector.storage)[part.row])
                    validity.append(true)
                } else {
                    values.append(empty)
                    validity.append(false)
                }
                continue
            }
            if chunk !== lastChunk {
                lastChunk = chunk
                let vector = try chunk.vector(slot)
                lastValues = vector.map { array($0.storage) }
                lastValidity = vector?.validity ?? .all
            }
            guard let all = lastValues else {
                values.append(contentsOf: repeatElement(empty, count: piece.count))
                for _ in 0..<piece.count { validity.append(false) }
                continue
            }
            if piece.count == 1 {
                values.append(all[piece.start])
            } else {
                values.append(contentsOf: all[piece.start..<(piece.start + piece.count)])
            }
            if lastValidity.isAll {
                validity.append(.all, count: piece.count)
            } else {
                for row in piece.start..<(piece.start + piece.count) {
                    validity.append(lastValidity.isValid(row))
                }
            }
        }
    }
}
