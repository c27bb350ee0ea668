import BelfryCore

/// From pieces to the vectors of a batch.
extension RowAssembler {
    func times() throws(StorageError) -> [Int64] {
        if pieces.count == 1, let chunk = pieces[0].chunk, pieces[0].count == chunk.rowCount {
            return try chunk.times()
        }
        var times: [Int64] = []
        times.reserveCapacity(rowCount)
        for piece in pieces {
            if let chunk = piece.chunk {
                let all = try chunk.times()
                if piece.count == 1 {
                    times.append(all[piece.start])
                } else {
                    times.append(contentsOf: all[piece.start..<(piece.start + piece.count)])
                }
            } else if let newest = parts[folds[piece.fold].parts].first {
                let all = try newest.chunk.times()
                let start = newest.row + piece.start
                times.append(contentsOf: all[start..<(start + piece.count)])
            } else {
                times.append(folds[piece.fold].time)
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
                let kind = folds[piece.fold].kind
                for index in 0..<piece.count { kinds[row + index] = kind.rawValue }
                if kind != .merge { isUniform = false }
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
                continue
            }
            for offset in piece.start..<(piece.start + piece.count) {
                var isFound = false
                for part in parts[folds[piece.fold].parts] {
                    let row = part.row + offset
                    if let vector = try part.chunk.vector(slot), vector.validity.isValid(row) {
                        builder.append(contentsOf: vector.slice(row..<(row + 1)))
                        isFound = true
                        break
                    }
                }
                if !isFound { builder.append(.null) }
            }
        }
        return builder.finish()
    }
}

/// The values of one column of fixed width as they are gathered from pieces.
private struct Gather<Element> {
    /// A chunk's column taken apart, once for many pieces.
    struct View {
        let chunk: RowChunk
        let values: [Element]
        let validity: Validity
        /// No row has a value, and there are none.
        let isAbsent: Bool
    }

    let empty: Element
    var values: [Element] = []
    var validity: ValidityBuilder
    /// Those used last: folds go to and fro between a few chunks.
    private var views: [View] = []
    private var nextView = 0

    init(empty: Element, capacity: Int) {
        self.empty = empty
        values.reserveCapacity(capacity)
        validity = ValidityBuilder(capacity: capacity)
    }

    private mutating func view(
        _ chunk: RowChunk, _ slot: Int, _ array: (VectorStorage) -> [Element]
    ) throws(StorageError) -> Int {
        for index in views.indices where views[index].chunk === chunk { return index }
        let vector = try chunk.vector(slot)
        let made = View(
            chunk: chunk, values: vector.map { array($0.storage) } ?? [],
            validity: vector?.validity ?? .all, isAbsent: vector == nil)
        if views.count < 4 {
            views.append(made)
            return views.count - 1
        }
        nextView = (nextView + 1) & 3
        views[nextView] = made
        return nextView
    }

    mutating func fill(
        _ rows: RowAssembler, _ slot: Int, _ array: (VectorStorage) -> [Element]
    ) throws(StorageError) {
        for piece in rows.pieces {
            guard let chunk = piece.chunk else {
                try appendFold(rows, piece, slot, array)
                continue
            }
            let view = try view(chunk, slot, array)
            if views[view].isAbsent {
                for _ in 0..<piece.count {
                    values.append(empty)
                    validity.append(false)
                }
                continue
            }
            appendRows(view, piece.start..<(piece.start + piece.count))
        }
    }

    private mutating func appendRows(_ view: Int, _ rows: Range<Int>) {
        if rows.count == 1 {
            values.append(views[view].values[rows.lowerBound])
        } else {
            values.append(contentsOf: views[view].values[rows])
        }
        if views[view].validity.isAll {
            validity.append(.all, count: rows.count)
        } else {
            for row in rows { validity.append(views[view].validity.isValid(row)) }
        }
    }

    private mutating func appendFold(
        _ rows: RowAssembler, _ piece: RowAssembler.Piece, _ slot: Int,
        _ array: (VectorStorage) -> [Element]
    ) throws(StorageError) {
        let parts = rows.folds[piece.fold].parts
        // Where the newest part has every value, nothing else matters.
        if let newest = rows.parts[parts].first {
            let view = try view(newest.chunk, slot, array)
            if !views[view].isAbsent && views[view].validity.isAll {
                let start = newest.row + piece.start
                appendRows(view, start..<(start + piece.count))
                return
            }
        }
        for offset in piece.start..<(piece.start + piece.count) {
            try appendFolded(rows, parts, offset, slot, array)
        }
    }

    private mutating func appendFolded(
        _ rows: RowAssembler, _ parts: Range<Int>, _ offset: Int, _ slot: Int,
        _ array: (VectorStorage) -> [Element]
    ) throws(StorageError) {
        for index in parts {
            let row = rows.parts[index].row + offset
            let view = try view(rows.parts[index].chunk, slot, array)
            if !views[view].isAbsent && views[view].validity.isValid(row) {
                values.append(views[view].values[row])
                validity.append(true)
                return
            }
        }
        values.append(empty)
        validity.append(false)
    }
}
