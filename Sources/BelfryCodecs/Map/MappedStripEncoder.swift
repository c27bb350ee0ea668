import BelfryCore

/// Writes a strip again as a map from another one.
///
/// All but the integers stays as it was: stage, dictionary, validity, exceptions and statistics are
/// taken over from the strip's own form.
enum MappedStripEncoder {
    /// Nil where no map of few enough keys comes about.
    static func encode(_ target: MapColumn, from source: MapColumn) -> EncodedStrip? {
        let keys: [Int64]
        let values: [Int64]
        var residuals: [Int64]
        do throws(FormatError) {
            let integers = try target.integers()
            residuals = try source.integers()
            guard source.isVaried, let steps = staircase(integers, residuals, source.bounds)
            else { return nil }
            (keys, values) = steps
            try StripMap(keys: keys, values: values).map(&residuals)
            for row in residuals.indices { residuals[row] = integers[row] &- residuals[row] }
            try quieten(&residuals, target)
        } catch { return nil }
        var building = MappedStrip(target, keys: keys, values: values)
        building.encode(residuals, model: target.isCold ? TokenModel() : nil, tokens: nil)
        guard let tokens = building.model?.best()?.encoder else { return building.finish() }
        let light = building.finish()
        var cold = MappedStrip(target, keys: keys, values: values)
        cold.encode(residuals, model: nil, tokens: tokens)
        let strip = cold.finish()
        return strip.bytes.count < light.bytes.count ? strip : light
    }

    /// For each integer of the source the target's integer that most of its rows have, by
    /// ascending source; equal neighbours are one step.
    private static func staircase(
        _ targets: [Int64], _ sources: [Int64], _ bounds: ClosedRange<Int64>
    ) -> (keys: [Int64], values: [Int64])? {
        let first = bounds.lowerBound
        let span = Int(bounds.upperBound &- first) + 1
        // A majority by vote (Boyer and Moore): where there is one, it is found.
        var votes = [Int32](repeating: -1, count: span)
        var candidates = [Int64](repeating: 0, count: span)
        for row in sources.indices {
            let place = Int(sources[row] &- first)
            let value = targets[row]
            if votes[place] <= 0 {
                votes[place] = 1
                candidates[place] = value
            } else {
                votes[place] += candidates[place] == value ? 1 : -1
            }
        }
        var keys: [Int64] = []
        var values: [Int64] = []
        for place in 0..<span where votes[place] >= 0 {
            if values.last == candidates[place] { continue }
            if keys.count == StripMap.keyCountLimit { return nil }
            keys.append(first &+ Int64(place))
            values.append(candidates[place])
        }
        return (keys, values)
    }

    /// Rows whose integers nobody looks at differ by nothing: those without a value, and those
    /// with an exception.
    private static func quieten(
        _ residuals: inout [Int64], _ target: MapColumn
    ) throws(FormatError) {
        for (vector, place) in target.directory.vectors.enumerated() {
            let start = vector * Strip.vectorRowCount
            if let words = try target.validity(of: vector) {
                for row in 0..<place.rowCount where words[row / 64] >> UInt64(row % 64) & 1 == 0 {
                    residuals[start + row] = 0
                }
            }
            let rows = place.valueOffset + place.integers.byteCount(rowCount: place.rowCount)
            for index in 0..<place.exceptionCount {
                let row =
                    Int(target.bytes[rows + 2 * index]) | Int(target.bytes[rows + 2 * index + 1])
                    << 8
                residuals[start + row] = 0
            }
        }
    }
}

/// A mapped strip while it is made.
private struct MappedStrip {
    private let target: MapColumn
    private var map = ByteWriter()
    private var payload: [UInt8]
    private var entries: [VectorEntry] = []
    private var tokens: TokenEncoder?
    private(set) var model: TokenModel?

    init(_ target: MapColumn, keys: [Int64], values: [Int64]) {
        self.target = target
        // What stands ahead of the vectors: the distinct texts or doubles.
        let start = target.directory.payloadOffset
        payload = Array(target.bytes[start..<(target.directory.vectors.first?.offset ?? start)])
        map.writeCount(keys.count)
        write(keys)
        write(values)
    }

    /// Numbers of the map through stage B.
    private mutating func write(_ numbers: [Int64]) {
        var encoder = IntegerEncoder()
        var entries: [VectorEntry] = []
        for vector in 0..<Strip.vectorCount(rows: numbers.count) {
            let start = vector * Strip.vectorRowCount
            let count = Strip.rowCount(of: vector, rows: numbers.count)
            let entry = VectorEntry(
                encoder.encode(
                    numbers.span.extracting(start..<(start + count)), mayRamp: true,
                    into: &payload))
            if let last = entries.indices.last, entries[last].absorb(entry) { continue }
            entries.append(entry)
        }
        Self.write(entries, kind: .texts, nil, &map)
    }

    mutating func encode(_ residuals: [Int64], model: TokenModel?, tokens: TokenEncoder?) {
        self.tokens = tokens
        var encoder = IntegerEncoder()
        encoder.model = model
        encoder.tokens = tokens
        for (vector, place) in target.directory.vectors.enumerated() {
            let start = vector * Strip.vectorRowCount
            payload.append(contentsOf: target.bytes[place.offset..<place.valueOffset])
            let integers = encoder.encode(
                residuals.span.extracting(start..<(start + place.rowCount)), mayRamp: false,
                into: &payload)
            var entry = VectorEntry(integers)
            entry.tag.set(place.tag.byte & (VectorTag.division | VectorTag.exceptions))
            entry.isMapped = true
            entry.isDerivable = target.kind == .texts
            entry.exceptionCount = place.exceptionCount
            let exceptions =
                place.valueOffset + place.integers.byteCount(rowCount: place.rowCount)
            payload.append(
                contentsOf: target.bytes[
                    exceptions..<(exceptions
                        + place.exceptionCount * VectorEntry.exceptionByteCount)])
            entry.statistics = place.statistics
            if let last = entries.indices.last, entries[last].absorb(entry) { continue }
            entries.append(entry)
        }
        self.model = encoder.model
    }

    private static func write(
        _ entries: [VectorEntry], kind: StripKind, _ doubles: DoubleForm?,
        _ writer: inout ByteWriter
    ) {
        var reference: Int64 = 0
        for entry in entries {
            reference = entry.write(&writer, kind: kind, doubles: doubles, reference: reference)
        }
    }

    func finish() -> EncodedStrip {
        var directory = ByteWriter(capacity: 64 + map.count + 16 * entries.count)
        directory.writeUInt8(
            target.kind.rawValue | Strip.mappedFlag | (tokens == nil ? 0 : Strip.coldFlag))
        directory.writeCount(target.directory.rowCount)
        tokens?.table.write(&directory)
        directory.writeBytes(Array(target.bytes[target.directory.transformRange]))
        directory.writeBytes(map.bytes)
        Self.write(entries, kind: target.kind, target.directory.doubles, &directory)
        return EncodedStrip(
            directory: directory.bytes, payload: payload, statistics: target.directory.statistics)
    }
}
