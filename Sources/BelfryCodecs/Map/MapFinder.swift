import BelfryCore

/// Finds the columns of a block that are functions of others, and writes them so.
///
/// 1. Every strip that may take part is opened again and its integers are sampled.
/// 2. For a column and those near it, the samples tell how often the same integer of the one
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
    /// Smaller strips are left as they are.
    private static let byteCountThreshold = 160

    private let columns: [MapColumn?]

    /// The strips of a block, of so many rows each.
    package static func find(
        _ strips: [(strip: EncodedStrip, kind: StripKind)], rowCount: Int
    ) -> [Found] {
        guard strips.count > 1, rowCount >= 256 else { return [] }
        let columns = strips.map { MapColumn($0.strip, $0.kind, rowCount: rowCount) }
        return MapFinder(columns: columns).find()
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
        var sampler = MapSampler()
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
                    let (hits, seen) = sampler.hits(column.sample, other.sample)
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
}
