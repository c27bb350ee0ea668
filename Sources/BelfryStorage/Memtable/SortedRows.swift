import BelfryCore

/// Rows of one table in (series, time) order that have no sequence yet: a run to be.
///
/// Invariants: those of `Run`, apart from the sequence. Texts are written out, never as codes.
struct SortedRows: Sendable {
    let table: UInt32
    let schemaVersion: UInt32
    let extents: [Extent]
    let times: [Int64]
    let kinds: RowKinds
    let columns: [PointBatch.Column]

    var rowCount: Int { times.count }

    /// What the rows take in memory, about.
    var byteCount: Int {
        var sum = 64 + extents.count * 24 + times.count * 8
        if case .each(let kinds) = kinds { sum += kinds.count }
        for column in columns { sum += column.values.byteCount }
        return sum
    }

    /// What times and values take written plainly.
    var plainByteCount: Int {
        columns.reduce(times.count * 8) { $0 + $1.values.byteCount }
    }

    func run(_ sequences: ClosedRange<UInt64>) -> Run {
        Run(
            table: table, sequences: sequences, extents: extents, times: times, kinds: kinds,
            columns: columns, byteCount: byteCount)
    }
}

extension Vector {
    /// What the values take in memory, about.
    var byteCount: Int {
        let values: Int =
            switch storage {
            case .booleans(let values): values.count
            case .integers(let values): values.count * 8
            case .doubles(let values): values.count * 8
            case .texts(let values): values.bytes.count + values.offsets.count * 4
            case .dictionary(let values): values.codes.count * 4
            case .intervals(let values): values.count * 16
            }
        return values + (validity.words?.count ?? 0) * 8
    }
}

extension SortedRows {
    /// Sorts the rows of a batch, whose keys have these numbers.
    ///
    /// Most batches come sorted, by a file or a device; they pass through without a copy. The
    /// others are counted out by series, and only series whose times do not ascend are sorted.
    /// - Complexity: one pass over rows that are sorted.
    init(_ batch: PointBatch, numbers: [UInt32], kind: RowKind) {
        let rowCount = batch.rowCount
        // Keys by ascending series number; two keys of one series would be one extent.
        let distinct = Self.distinctAscending(numbers)
        let ranks = numbers.map { UInt32(Self.index(of: $0, in: distinct)) }
        var counts = [Int](repeating: 0, count: distinct.count)
        var isSorted = true
        var isEachAscending = true
        var lastRank: UInt32 = 0
        var lastTime = Int64.min
        // A time that goes back in its series shows only where the series' rows are neighbours;
        // elsewhere the check is made after the counting.
        for row in 0..<rowCount {
            let rank = ranks[Int(batch.keyIndexes[row])]
            let time = batch.times[row]
            counts[Int(rank)] += 1
            if rank < lastRank {
                isSorted = false
            } else if rank > lastRank {
                lastTime = .min
            }
            if time < lastTime { isEachAscending = false }
            lastRank = rank
            lastTime = time
        }
        var extents: [Extent] = []
        extents.reserveCapacity(distinct.count)
        for rank in distinct.indices where counts[rank] > 0 {
            extents.append(Extent(series: distinct[rank], rowCount: counts[rank]))
        }
        let plain = batch.columns.map {
            PointBatch.Column(number: $0.number, values: $0.values.plain)
        }
        .sorted { $0.number < $1.number }
        if isSorted && isEachAscending {
            self.init(
                table: batch.table.number, schemaVersion: batch.table.version, extents: extents,
                times: batch.times, kinds: .all(kind), columns: plain)
            return
        }
        var order = Self.order(batch, ranks: ranks, counts: counts)
        Self.sortTimes(&order, times: batch.times, extents: extents)
        self.init(
            table: batch.table.number, schemaVersion: batch.table.version, extents: extents,
            times: order.map { batch.times[Int($0)] }, kinds: .all(kind),
            columns: plain.map {
                PointBatch.Column(number: $0.number, values: $0.values.gather(order))
            })
    }

    /// The rows by rank, in the order they came.
    private static func order(
        _ batch: PointBatch, ranks: [UInt32], counts: [Int]
    ) -> [Int32] {
        var next = [Int](repeating: 0, count: counts.count)
        var sum = 0
        for rank in counts.indices {
            next[rank] = sum
            sum += counts[rank]
        }
        var order = [Int32](repeating: 0, count: batch.rowCount)
        for row in 0..<batch.rowCount {
            let rank = Int(ranks[Int(batch.keyIndexes[row])])
            order[next[rank]] = Int32(row)
            next[rank] += 1
        }
        return order
    }

    /// Sorts each extent whose times do not ascend; rows of equal time keep their order.
    private static func sortTimes(_ order: inout [Int32], times: [Int64], extents: [Extent]) {
        var start = 0
        for extent in extents {
            let end = start + extent.rowCount
            var isAscending = true
            for index in (start + 1)..<max(end, start + 1)
            where times[Int(order[index])] < times[Int(order[index - 1])] {
                isAscending = false
                break
            }
            if !isAscending {
                // Row numbers ascend within an extent, so they break ties as a stable sort would.
                order[start..<end].sort { one, other in
                    let (left, right) = (times[Int(one)], times[Int(other)])
                    return left < right || (left == right && one < other)
                }
            }
            start = end
        }
    }

    private static func distinctAscending(_ numbers: [UInt32]) -> [UInt32] {
        var sorted = numbers
        var isAscending = true
        for index in numbers.indices.dropFirst() where numbers[index] <= numbers[index - 1] {
            isAscending = false
            break
        }
        if isAscending { return sorted }
        sorted.sort()
        var distinct: [UInt32] = []
        distinct.reserveCapacity(sorted.count)
        for number in sorted where distinct.last != number { distinct.append(number) }
        return distinct
    }

    private static func index(of number: UInt32, in ascending: [UInt32]) -> Int {
        var low = 0
        var high = ascending.count
        while low < high {
            let middle = (low + high) >> 1
            if ascending[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Vector {
    /// The same values with texts written out.
    var plain: Vector {
        guard case .dictionary(let values) = storage else { return self }
        return Vector(type, .texts(values.expanded(validity: validity)), validity: validity)
    }
}
