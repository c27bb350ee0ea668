import BelfryCore

/// A column as a function of another one of its block: what its integers are expected to be where
/// the other column's are known.
///
/// The function is a staircase: from each key on, up to the next one, it has that key's value;
/// below the first key it has the first's. A vector of a mapped strip holds, through stage B, by
/// how much each integer differs from what is expected: mostly nothing.
///
/// Keys and values stand in the strip itself, keys in ascending order, each through stage B.
///
/// Format: `formats/codecs.md`, "Maps".
struct StripMap: Hashable, Sendable {
    /// The most keys.
    static let keyCountLimit = 4096
    /// From the first key to the last, both included, at most.
    static let spanLimit = 65_536

    let first: Int64
    /// By the distance from the first key.
    let steps: [Int64]

    /// - Precondition: as many values as keys, one at least.
    init(keys: [Int64], values: [Int64]) throws(FormatError) {
        var steps: [Int64] = []
        first = keys[0]
        var previous = keys[0]
        for (key, value) in zip(keys, values) {
            let (distance, overflow) = key.subtractingReportingOverflow(first)
            guard !overflow, distance >= 0, distance < Int64(Self.spanLimit),
                steps.isEmpty || key > previous
            else { throw FormatError("a map whose keys do not ascend within 65,536", at: 0) }
            let last = steps.last ?? value
            steps.append(contentsOf: repeatElement(last, count: Int(distance) - steps.count))
            steps.append(value)
            previous = key
        }
        self.steps = steps
    }

    /// Puts what is expected in the place of the other column's integers.
    func map(_ integers: inout [Int64]) {
        var span = integers.mutableSpan
        let steps = steps.span
        let last = steps.count &- 1
        let end = first &+ Int64(last)
        for row in 0..<span.count {
            let integer = unsafe span[unchecked: row]
            // Both ends are compared, so that nothing wraps.
            let place = integer <= first ? 0 : integer >= end ? last : Int(integer &- first)
            unsafe span[unchecked: row] = steps[unchecked: place]
        }
    }
}

/// What a mapped strip decodes by: the map, and the strip of the other column.
///
/// A class because a struct cannot hold its own kind.
final class StripMapping: Sendable {
    let map: StripMap
    let source: StripDecoder

    /// - Parameter source: nil where nobody gave one.
    init(_ map: StripMap, _ source: StripDecoder?, rowCount: Int) throws(FormatError) {
        guard let source else {
            throw FormatError("a mapped strip, and no column that it is mapped from", at: 8)
        }
        guard source.rowCount == rowCount, source.mayBeMapped else {
            throw FormatError("mapped from a strip that no strip can be mapped from", at: 8)
        }
        self.map = map
        self.source = source
    }

    /// What the integers of a vector are expected to be.
    func expected(_ vector: Int) throws(FormatError) -> [Int64] {
        var integers = try source.stageBIntegers(vector)
        map.map(&integers)
        return integers
    }
}
