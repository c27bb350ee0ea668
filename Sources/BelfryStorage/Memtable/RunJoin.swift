import BelfryCore

/// Several sources of one table laid together as one, nothing folded: each row stays, in
/// (series, time) order, rows of equal time from the older source first.
struct RunJoin {
    /// A run or sorted rows, as far as joining looks at them.
    struct Source {
        let extents: [Extent]
        let times: [Int64]
        let kinds: RowKinds
        let columns: [PointBatch.Column]

        init(_ run: Run) {
            extents = run.extents
            times = run.times
            kinds = run.kinds
            columns = run.columns
        }

        init(_ rows: SortedRows) {
            extents = rows.extents
            times = rows.times
            kinds = rows.kinds
            columns = rows.columns
        }
    }

    /// - Precondition: the sources are of one table, the oldest first.
    static func join(_ runs: [Run]) -> Run {
        let rows = join(runs.map(Source.init), table: runs[0].table, schemaVersion: 0)
        return rows.run(runs[0].sequences.lowerBound...runs[runs.count - 1].sequences.upperBound)
    }

    static func join(_ parts: [SortedRows]) -> SortedRows {
        if parts.count == 1 { return parts[0] }
        return join(
            parts.map(Source.init), table: parts[0].table,
            schemaVersion: parts.map(\.schemaVersion).max() ?? 0)
    }

    private static func join(
        _ sources: [Source], table: UInt32, schemaVersion: UInt32
    ) -> SortedRows {
        var bases: [Int] = []
        var times: [Int64] = []
        times.reserveCapacity(sources.reduce(0) { $0 + $1.times.count })
        for source in sources {
            bases.append(times.count)
            times.append(contentsOf: source.times)
        }
        let (extents, order) = order(sources, bases: bases, times: times)
        return SortedRows(
            table: table, schemaVersion: schemaVersion, extents: extents,
            times: order.map { times[Int($0)] }, kinds: kinds(sources, order),
            columns: columns(sources, order))
    }

    /// For each series the pieces of its sources, one behind the other where their times allow,
    /// else sorted. The result numbers the rows of all sources laid end to end.
    private static func order(
        _ sources: [Source], bases: [Int], times: [Int64]
    ) -> ([Extent], [Int32]) {
        var nextExtent = [Int](repeating: 0, count: sources.count)
        var nextRow = bases
        var extents: [Extent] = []
        var order: [Int32] = []
        order.reserveCapacity(times.count)
        while true {
            var series: UInt32?
            for index in sources.indices where nextExtent[index] < sources[index].extents.count {
                let candidate = sources[index].extents[nextExtent[index]].series
                if series.map({ candidate < $0 }) ?? true { series = candidate }
            }
            guard let series else { return (extents, order) }
            let start = order.count
            var isAscending = true
            for index in sources.indices where nextExtent[index] < sources[index].extents.count {
                let extent = sources[index].extents[nextExtent[index]]
                guard extent.series == series else { continue }
                let first = nextRow[index]
                if order.count > start && times[Int(order[order.count - 1])] > times[first] {
                    isAscending = false
                }
                for row in first..<(first + extent.rowCount) { order.append(Int32(row)) }
                nextRow[index] = first + extent.rowCount
                nextExtent[index] += 1
            }
            if !isAscending {
                order[start...].sort { one, other in
                    let (left, right) = (times[Int(one)], times[Int(other)])
                    return left < right || (left == right && one < other)
                }
            }
            extents.append(Extent(series: series, rowCount: order.count - start))
        }
    }

    private static func kinds(_ sources: [Source], _ order: [Int32]) -> RowKinds {
        if case .all(let kind) = sources[0].kinds {
            let isSame = sources.allSatisfy { source in
                if case .all(let other) = source.kinds { other == kind } else { false }
            }
            if isSame { return .all(kind) }
        }
        var all: [UInt8] = []
        all.reserveCapacity(order.count)
        for source in sources {
            switch source.kinds {
            case .all(let kind):
                all.append(
                    contentsOf: repeatElement(kind.rawValue, count: source.times.count))
            case .each(let kinds): all.append(contentsOf: kinds)
            }
        }
        return .each(order.map { all[Int($0)] })
    }

    /// The columns of any source; where one lacks a column its rows are NULL.
    private static func columns(_ sources: [Source], _ order: [Int32]) -> [PointBatch.Column] {
        var types: [UInt32: DataType] = [:]
        for source in sources {
            for column in source.columns {
                types[column.number] =
                    types[column.number].map {
                        widened($0, column.values.type)
                    } ?? column.values.type
            }
        }
        return types.keys.sorted().map { number in
            let type = types[number] ?? .unknown
            var builder = VectorBuilder(type, capacity: order.count)
            for source in sources {
                if let column = source.columns.first(where: { $0.number == number }) {
                    builder.append(contentsOf: column.values.widened(to: type))
                } else {
                    builder.append(contentsOf: .nulls(type, count: source.times.count))
                }
            }
            return PointBatch.Column(number: number, values: builder.finish().gather(order))
        }
    }

    /// The type of a column that was widened between two writes.
    private static func widened(_ one: DataType, _ other: DataType) -> DataType {
        one.isInteger && other == .double ? .double : one.isInteger ? max(one, other) : one
    }

    private static func max(_ one: DataType, _ other: DataType) -> DataType {
        one.rawValue >= other.rawValue ? one : other
    }
}

extension Vector {
    /// These values as a column of this type has them: whole numbers become doubles where the
    /// column was widened, and all else stays what it is.
    func widened(to type: DataType) -> Vector {
        if type == self.type { return self }
        if type == .double, case .integers(let values) = storage {
            return Vector(doubles: values.map(Double.init), validity: validity)
        }
        return type.layout == self.type.layout ? retyped(type) : self
    }
}
