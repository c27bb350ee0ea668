import BelfryCore

/// Finds the columns of a block that are functions of others, and writes them so.
///
/// 1. Every strip that may take part is opened again and its integers are decoded.
/// 2. For a column and those near it, a sample of rows tells how often the same integer of the one
///    comes with the same integer of the other.
/// 3. The likeliest are written as maps, what promises most first; those that save 15 % are kept.
///
/// A column that another is mapped from keeps its strip, so every strip is one step away at most.
package struct MapFinder {
    /// A strip that became a map.
    package struct Found: Sendable {
        /// Among those that were given.
        package let column: Int
        package let source: Int
        package let strip: EncodedStrip
    }

    /// Columns that a column is compared with.
    private static let neighbourCount = 8
    /// Of these, how many are tried in full.
    private static let trialCount = 2
    private static let sampleCount = 2048
    /// Smaller strips are left as they are.
    private static let byteCountThreshold = 160

    private let rowCount: Int
    private let columns: [MapColumn?]

    /// The strips of a block, of so many rows each.
    package static func find(
        _ strips: [(strip: EncodedStrip, kind: StripKind)], rowCount: Int
    ) -> [Found] {
        guard strips.count > 1, rowCount >= 256 else { return [] }
        let finder = MapFinder(
            rowCount: rowCount,
            columns: strips.map { MapColumn($0.strip, $0.kind, rowCount: rowCount) })
        return finder.find()
    }

    /// A column and one that it may be mapped from.
    private struct Pair {
        let column: Int
        let source: Int
        /// Bytes that may be saved, by the sample.
        let promise: Int
    }

    /// The pairs that promise most come first; what is mapped is no source any more, and a source
    /// is not mapped.
    private func find() -> [Found] {
        var isSource = [Bool](repeating: false, count: columns.count)
        var isMapped = isSource
        var found: [Found] = []
        for pair in pairs() {
            if isMapped[pair.column] || isSource[pair.column] || isMapped[pair.source] { continue }
            guard let column = columns[pair.column], let source = columns[pair.source],
                let strip = MappedStripEncoder.encode(column, from: source),
                strip.bytes.count * 100 <= column.byteCount * 85
            else { continue }
            isMapped[pair.column] = true
            isSource[pair.source] = true
            found.append(Found(column: pair.column, source: pair.source, strip: strip))
        }
        return found
    }

    private func pairs() -> [Pair] {
        var pairs: [Pair] = []
        for index in columns.indices {
            guard let column = columns[index], column.mayMap,
                column.byteCount >= Self.byteCountThreshold
            else { continue }
            var near = columns.indices.filter { other in
                other != index && columns[other]?.isVaried == true
            }
            near.sort { (abs($0 - index), $0) < (abs($1 - index), $1) }
            var likely: [Pair] = []
            for source in near.prefix(Self.neighbourCount) {
                guard let other = columns[source],
                    let (hits, seen) = Self.hits(column.integers, other.integers)
                else { continue }
                likely.append(
                    Pair(
                        column: index, source: source,
                        promise: column.byteCount * hits / seen * hits / seen))
            }
            likely.sort(by: Self.isBetter)
            pairs += likely.prefix(Self.trialCount)
        }
        return pairs.sorted(by: Self.isBetter)
    }

    private static func isBetter(_ one: Pair, _ other: Pair) -> Bool {
        (other.promise, one.column, one.source) < (one.promise, other.column, other.source)
    }

    /// How often an integer that was seen before comes with the same target as then, in rows of a
    /// sample; nil where that is seldom.
    private static func hits(
        _ targets: [Int64], _ sources: [Int64]
    ) -> (hits: Int, seen: Int)? {
        let bits = 13
        var seenSources = [Int64](repeating: 0, count: 1 << bits)
        var seenTargets = seenSources
        var isTaken = [Bool](repeating: false, count: 1 << bits)
        var seen = 0
        var hits = 0
        var sampled = 0
        let step = max(1, targets.count / sampleCount)
        for row in stride(from: 0, to: targets.count, by: step) {
            let source = sources[row]
            let mixed = UInt64(bitPattern: source) &* 0x9E37_79B9_7F4A_7C15
            let slot = Int(mixed >> UInt64(64 - bits))
            sampled += 1
            if isTaken[slot] && seenSources[slot] == source {
                seen += 1
                hits += seenTargets[slot] == targets[row] ? 1 : 0
            }
            isTaken[slot] = true
            seenSources[slot] = source
            seenTargets[slot] = targets[row]
        }
        return seen > 0 && seen * 4 >= sampled && hits * 10 >= seen * 6 ? (hits, seen) : nil
    }
}

/// A strip opened again, with all its integers.
struct MapColumn {
    let kind: StripKind
    let byteCount: Int
    /// Complete, with checksums of their own place.
    let bytes: [UInt8]
    let directory: StripDirectory
    let validities: [[UInt64]?]
    let integers: [Int64]
    let bounds: ClosedRange<Int64>
    let mayMap: Bool
    let isCold: Bool

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
            let decoder = try StripDecoder(
                bytes: sealed.bytes, kind: kind, rowCount: rowCount, salt: 0, offset: 0)
            let directory = decoder.directory
            guard directory.mayBeMapped(kind), rowCount > 0 else { return nil }
            var integers: [Int64] = []
            integers.reserveCapacity(rowCount)
            var validities: [[UInt64]?] = []
            for vector in 0..<decoder.vectorCount {
                integers += try decoder.stageBIntegers(vector)
                validities.append(try decoder.validity(of: vector))
            }
            var low = integers[0]
            var high = low
            for integer in integers {
                low = min(low, integer)
                high = max(high, integer)
            }
            self.kind = kind
            byteCount = strip.bytes.count
            bytes = sealed.bytes
            self.directory = directory
            self.validities = validities
            self.integers = integers
            bounds = low...high
            mayMap = directory.mayMap(kind)
            isCold = directory.tokens != nil
        } catch { return nil }
    }
}
