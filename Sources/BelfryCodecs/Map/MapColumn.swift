import BelfryCore

/// A strip opened again, to map it from another one or another one from it.
///
/// Of its integers a sample is kept; all of them are decoded when a map is tried, so that a block
/// of many columns takes little more memory than its strips.
struct MapColumn {
    /// Rows of a sample, at most.
    static let sampleCount = 2048

    let kind: StripKind
    let byteCount: Int
    /// Complete, with checksums of their own place.
    let bytes: [UInt8]
    let directory: StripDirectory
    /// Of rows at equal distances, the same in every column of a block.
    let sample: [Int64]
    let bounds: ClosedRange<Int64>
    let mayMap: Bool
    private let decoder: StripDecoder

    var isCold: Bool { directory.tokens != nil }

    /// Whether it can tell another column's integers.
    var isVaried: Bool {
        bounds.lowerBound < bounds.upperBound
            && UInt64(bitPattern: bounds.upperBound &- bounds.lowerBound)
                < UInt64(StripMap.spanLimit)
    }

    init?(_ strip: EncodedStrip, _ kind: StripKind, rowCount: Int) {
        var sealed = strip
        sealed.seal(salt: 0, offset: 0)
        do throws(FormatError) {
            decoder = try StripDecoder(
                bytes: sealed.bytes, kind: kind, rowCount: rowCount, salt: 0, offset: 0)
            directory = decoder.directory
            guard directory.mayBeMapped(kind), rowCount > 0 else { return nil }
            var sample: [Int64] = []
            let distance = max(1, rowCount / Self.sampleCount)
            var low = Int64.max
            var high = Int64.min
            var next = 0
            for vector in 0..<decoder.vectorCount {
                let integers = try decoder.stageBIntegers(vector)
                for integer in integers {
                    low = min(low, integer)
                    high = max(high, integer)
                }
                while next < integers.count {
                    sample.append(integers[next])
                    next += distance
                }
                next -= integers.count
            }
            self.sample = sample
            bounds = low...high
        } catch { return nil }
        self.kind = kind
        byteCount = strip.bytes.count
        bytes = sealed.bytes
        mayMap = directory.mayMap(kind)
    }

    /// All integers, vector after vector.
    func integers() throws(FormatError) -> [Int64] {
        var integers: [Int64] = []
        integers.reserveCapacity(directory.rowCount)
        for vector in 0..<decoder.vectorCount { integers += try decoder.stageBIntegers(vector) }
        return integers
    }

    func validity(of vector: Int) throws(FormatError) -> [UInt64]? {
        try decoder.validity(of: vector)
    }
}

/// Tells how well samples of two columns go together.
struct MapSampler {
    private static let slotBits: UInt64 = 13
    private static let slotCount = 1 << 13

    private struct Slot {
        var source: Int64 = 0
        var target: Int64 = 0
        /// The comparison that entered it.
        var turn = 0
    }

    private var slots = [Slot](repeating: Slot(), count: slotCount)
    private var turn = 0

    /// How many rows have a source that was seen before, and in how many of these the target is
    /// what it was then; nil where that is seldom.
    mutating func hits(
        _ targets: [Int64], _ sources: [Int64]
    ) -> (hits: Int, seen: Int)? {
        turn += 1
        var seen = 0
        var hits = 0
        for row in 0..<min(targets.count, sources.count) {
            let mixed = UInt64(bitPattern: sources[row]) &* 0x9E37_79B9_7F4A_7C15
            let place = Int(mixed >> (64 - Self.slotBits))
            let slot = slots[place]
            if slot.turn == turn && slot.source == sources[row] {
                seen += 1
                hits += slot.target == targets[row] ? 1 : 0
            }
            slots[place] = Slot(source: sources[row], target: targets[row], turn: turn)
            // Most pairs have nothing to do with each other, and show it soon.
            if row == 512 && hits * 10 < seen * 4 { return nil }
        }
        guard seen > 0, seen * 4 >= targets.count, hits * 10 >= seen * 6 else { return nil }
        return (hits, seen)
    }
}
