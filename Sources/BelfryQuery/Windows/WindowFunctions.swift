import BelfryCore

/// What window functions other than aggregates give, by position.
struct WindowFunctions {
    let layout: WindowLayout
    let frames: WindowFrames
    /// By position.
    let arguments: [Vector]

    // MARK: - Ranks

    func rowNumbers() -> Vector {
        Vector(integers: (0..<layout.count).map { Int64($0) - start($0) + 1 })
    }

    func ranks() -> Vector { Vector(integers: (0..<layout.count).map(rank)) }

    func denseRanks() -> Vector {
        Vector(
            integers: (0..<layout.count).map { position in
                let first = layout.group[Int(layout.partitionStart[position])]
                return Int64(layout.group[position] - first) + 1
            })
    }

    func percentRanks() -> Vector {
        Vector(
            doubles: (0..<layout.count).map { position in
                let count = size(position)
                return count > 1 ? Double(rank(position) - 1) / Double(count - 1) : 0
            })
    }

    func cumulativeShares() -> Vector {
        Vector(
            doubles: (0..<layout.count).map { position in
                let through = Int64(layout.peersEnd[position]) - start(position)
                return Double(through) / Double(size(position))
            })
    }

    /// As even parts as may be, the first ones longer.
    func parts() throws(QueryError) -> Vector {
        let counts = arguments[0].expanded(to: layout.count)
        var validity = ValidityBuilder(capacity: layout.count)
        var result: [Int64] = []
        result.reserveCapacity(layout.count)
        for position in 0..<layout.count {
            let first = Int(layout.partitionStart[position])
            guard counts.isValid(first) else {
                validity.append(false)
                result.append(0)
                continue
            }
            let count = counts.integers[first]
            guard count > 0 else {
                throw QueryError("22014", "ntile wants a number of parts above 0")
            }
            let row = Int64(position - first)
            let (short, longer) = size(position).quotientAndRemainder(dividingBy: count)
            let inLonger = longer * (short + 1)
            validity.append(true)
            result.append(
                row < inLonger
                    ? row / (short + 1) + 1 : longer + (row - inLonger) / max(1, short) + 1)
        }
        return Vector(integers: result, validity: validity.finish())
    }

    private func start(_ position: Int) -> Int64 { Int64(layout.partitionStart[position]) }

    private func size(_ position: Int) -> Int64 {
        Int64(layout.partitionEnd[position] - layout.partitionStart[position])
    }

    private func rank(_ position: Int) -> Int64 {
        Int64(layout.peersStart[position]) - start(position) + 1
    }

    // MARK: - Values of other rows

    /// The value so many rows before (or behind) in the partition, else the default.
    func shifted(isBack: Bool) -> Vector {
        let count = layout.count
        let offsets = arguments.count > 1 ? arguments[1].expanded(to: count) : nil
        var isMissing = [Bool](repeating: false, count: count)
        let rows = (0..<count).map { position -> Int32 in
            var offset: Int64 = 1
            if let offsets {
                guard offsets.isValid(position) else { return -1 }
                offset = offsets.integers[position]
            }
            let (place, overflow) =
                isBack
                ? Int64(position).subtractingReportingOverflow(offset)
                : Int64(position).addingReportingOverflow(offset)
            if overflow || place < Int64(layout.partitionStart[position])
                || place >= Int64(layout.partitionEnd[position])
            {
                isMissing[position] = true
                return -1
            }
            return Int32(place)
        }
        let values = arguments[0].expanded(to: count)
        guard arguments.count > 2, isMissing.contains(true) else { return values.gather(rows) }
        // The default stands behind the values.
        var both = ColumnAccumulator(values.type)
        both.append(values)
        both.append(arguments[2].expanded(to: count))
        return both.finish().gather(
            rows.indices.map { isMissing[$0] ? Int32($0 + count) : rows[$0] })
    }

    func firstValues() -> Vector {
        gather { parts, _ in parts.first?.lowerBound }
    }

    func lastValues() -> Vector {
        gather { parts, _ in parts.last.map { $0.upperBound - 1 } }
    }

    func nthValues() throws(QueryError) -> Vector {
        let numbers = arguments[1].expanded(to: layout.count)
        for position in 0..<layout.count
        where numbers.isValid(position) && numbers.integers[position] < 1 {
            throw QueryError("22016", "nth_value counts rows from 1")
        }
        return gather { parts, position in
            guard numbers.isValid(position) else { return nil }
            var left = numbers.integers[position] - 1
            for part in parts {
                if left < Int64(part.count) { return part.lowerBound + Int(left) }
                left -= Int64(part.count)
            }
            return nil
        }
    }

    private func gather(_ place: ([Range<Int>], Int) -> Int?) -> Vector {
        let rows = (0..<layout.count).map { position in
            place(frames.parts(position, layout), position).map { Int32($0) } ?? -1
        }
        return arguments[0].expanded(to: layout.count).gather(rows)
    }
}
