import BelfryCore

/// Numbers groups by their keys, in order of first appearance.
///
/// Keys are words of a `KeyEncoder`. Runs of equal adjacent keys are looked up once: rows sorted
/// by series and time come in long runs, and then grouping costs a comparison a row.
struct GroupTable: Sendable {
    private var encoder: KeyEncoder
    private let types: [DataType]
    private let stride: Int
    /// The words of every group's key, group after group.
    private var words: [UInt64] = []
    /// A group's number and one, by hash; 0 is empty.
    private var slots = [UInt32](repeating: 0, count: 64)
    private(set) var count = 0
    private let keysComeInRuns: Bool

    /// - Parameter keysComeInRuns: equal keys stand together in all rows that will come. Then a key
    ///   is compared with the last one only, nothing is hashed, and nothing can be found.
    init(types: [DataType], keysComeInRuns: Bool = false) {
        self.types = types
        self.keysComeInRuns = keysComeInRuns
        encoder = KeyEncoder(types: types)
        stride = encoder.stride
    }

    var byteCount: Int { words.count * 8 + slots.count * 4 + encoder.byteCount }

    /// Runs of rows and the group of each: run `i` ends before row `ends[i]`.
    struct Runs {
        var ends: [Int32]
        var groups: [UInt32]

        var count: Int { ends.count }

        /// The row where each new group appeared: groups are numbered as they come.
        func firstRows(ofGroupsFrom knownCount: Int) -> [Int32] {
            var rows: [Int32] = []
            var nextGroup = knownCount
            var start: Int32 = 0
            for index in ends.indices {
                if Int(groups[index]) == nextGroup {
                    rows.append(start)
                    nextGroup += 1
                }
                start = ends[index]
            }
            return rows
        }

        /// The group of every row.
        func perRow(_ rowCount: Int) -> [UInt32] {
            if ends.count == rowCount { return groups }
            var result = [UInt32](repeating: 0, count: rowCount)
            var row = 0
            for index in ends.indices {
                let end = Int(ends[index])
                let group = groups[index]
                while row < end {
                    result[row] = group
                    row += 1
                }
            }
            return result
        }
    }

    /// The groups of all rows; new keys make new groups.
    mutating func group(_ vectors: [Vector], rowCount: Int) -> Runs {
        guard rowCount > 0 else { return Runs(ends: [], groups: []) }
        if stride == 0 {
            count = 1
            return Runs(ends: [Int32(rowCount)], groups: [0])
        }
        let starts = KeyEncoder.runStarts(of: vectors, rowCount: rowCount)
        let keys = encoder.encode(vectors, rows: starts, isInserting: true)
        var groups = [UInt32](repeating: 0, count: starts.count)
        if keysComeInRuns {
            append(keys, into: &groups)
        } else {
            for run in starts.indices { groups[run] = insert(keys, at: run * stride) }
        }
        return Runs(ends: Self.ends(of: starts, rowCount: rowCount), groups: groups)
    }

    /// Each key is the last group's or a new one's.
    private mutating func append(_ keys: [UInt64], into groups: inout [UInt32]) {
        var place = 0
        for run in groups.indices {
            var isSame = count > 0
            for index in 0..<stride where isSame {
                isSame = words[words.count - stride + index] == keys[place + index]
            }
            if !isSame {
                for index in 0..<stride { words.append(keys[place + index]) }
                count += 1
            }
            groups[run] = UInt32(truncatingIfNeeded: count - 1)
            place += stride
        }
    }

    /// The groups of all rows as far as they are known; `.max` for others, and for rows with a
    /// NULL key unless `nullsMatch`.
    mutating func find(_ vectors: [Vector], rowCount: Int, nullsMatch: Bool) -> Runs {
        guard rowCount > 0 else { return Runs(ends: [], groups: []) }
        if stride == 0 {
            return Runs(ends: [Int32(rowCount)], groups: [count > 0 ? 0 : .max])
        }
        let starts = KeyEncoder.runStarts(of: vectors, rowCount: rowCount)
        let keys = encoder.encode(vectors, rows: starts, isInserting: false)
        var groups = [UInt32](repeating: .max, count: starts.count)
        for run in starts.indices {
            if !nullsMatch && hasNull(keys, at: run * stride) { continue }
            let slot = slot(of: keys, at: run * stride)
            if slots[slot] != 0 { groups[run] = slots[slot] - 1 }
        }
        return Runs(ends: Self.ends(of: starts, rowCount: rowCount), groups: groups)
    }

    /// Whether some key of a group is NULL.
    func groupHasNull(_ group: Int) -> Bool { hasNull(words, at: group * stride) }

    /// No more groups will come.
    mutating func seal() { encoder.seal() }

    /// The keys of groups in a range, a vector a key.
    func keys(_ groups: Range<Int>) -> [Vector] {
        types.indices.map { encoder.decode($0, words: words, keys: groups) }
    }

    private static func ends(of starts: [Int32], rowCount: Int) -> [Int32] {
        var ends = starts
        ends.removeFirst()
        ends.append(Int32(truncatingIfNeeded: rowCount))
        return ends
    }

    private func hasNull(_ keys: [UInt64], at place: Int) -> Bool {
        var valid = 0
        for index in 0..<encoder.maskWordCount { valid += keys[place + index].nonzeroBitCount }
        return valid < types.count
    }

    private mutating func insert(_ keys: [UInt64], at place: Int) -> UInt32 {
        let slot = slot(of: keys, at: place)
        if slots[slot] != 0 { return slots[slot] - 1 }
        for index in 0..<stride { words.append(keys[place + index]) }
        count += 1
        slots[slot] = UInt32(truncatingIfNeeded: count)
        if count * 2 > slots.count { grow() }
        return UInt32(truncatingIfNeeded: count - 1)
    }

    @inline(__always)
    private func slot(of keys: [UInt64], at place: Int) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: Self.hash(keys, place, stride)) & mask
        while slots[slot] != 0 {
            let known = Int(slots[slot] - 1) * stride
            var isSame = true
            for index in 0..<stride where words[known + index] != keys[place + index] {
                isSame = false
                break
            }
            if isSame { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    @inline(__always)
    private static func hash(_ words: [UInt64], _ place: Int, _ stride: Int) -> UInt64 {
        var hash: UInt64 = 0
        for index in 0..<stride { hash = mixed(hash ^ words[place + index]) }
        return hash
    }

    private mutating func grow() {
        let mask = slots.count * 2 - 1
        slots = [UInt32](repeating: 0, count: mask + 1)
        for group in 0..<count {
            var slot = Int(truncatingIfNeeded: Self.hash(words, group * stride, stride)) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(truncatingIfNeeded: group + 1)
        }
    }
}
