/// Finds the stage of a strip of doubles.
///
/// A sample of values says which stages may pay; where more than one may, a few vectors are
/// encoded with each, and the one of fewest bytes wins if it saves 5 % against the faster one.
struct DoubleChooser {
    private(set) var stage: DoubleStage
    private(set) var dictionary: DoubleDictionary?
    /// Nil where there was nothing to weigh.
    private(set) var report: ChoiceReport?

    /// Vectors that are encoded for comparison.
    private static let trialCount = 8
    /// Corrections reach so many doubles in a sample that may take them.
    private static let correctionLimit: UInt64 = 64

    init(_ values: Span<Double>, validity: [UInt64]?, options: StripOptions) {
        stage = .patterns
        if options.useGorilla || options.isRaw { return }
        let sample = Self.sample(values, validity: validity)
        let found = Self.decimals(sample)
        if let scale = found.scale { stage = .decimals(scale: scale) }
        if values.count == 0 || sample.isEmpty { return }

        var candidates = [stage]
        if found.missCount > 0, let scale = Self.correctedScale(sample) {
            candidates.append(.corrected(scale: scale))
        }
        let exactScale = found.missCount == 0 ? found.scale : nil
        if options.mayUseDictionary {
            dictionary = DoubleDictionary.find(values, validity: validity, scale: exactScale)
        }
        if dictionary != nil { candidates.append(.dictionary) }
        if candidates.count == 1 { return }
        choose(among: candidates, values)
        if stage != .dictionary { dictionary = nil }
    }

    /// Takes the candidate of fewest bytes; a later one has to save 5 %.
    private mutating func choose(
        among candidates: [DoubleStage], _ values: Span<Double>
    ) {
        var best = Int.max
        for candidate in candidates {
            let byteCount = trial(candidate, values)
            if best == Int.max || byteCount * 20 < best * 19 {
                best = byteCount
                stage = candidate
            }
        }
    }

    /// About what the strip would take in this stage.
    private func trial(_ stage: DoubleStage, _ values: Span<Double>) -> Int {
        var encoder = DoubleEncoder(stage: stage, dictionary: dictionary)
        let vectorCount = Strip.vectorCount(rows: values.count)
        let trials = min(vectorCount, Self.trialCount)
        var payload: [UInt8] = []
        var rows = 0
        for trial in 0..<trials {
            let vector = trial * vectorCount / trials
            let start = vector * Strip.vectorRowCount
            let count = Strip.rowCount(of: vector, rows: values.count)
            let entry = encoder.encode(
                values, rows: start..<(start + count), validity: nil, validCount: 0,
                into: &payload)
            // Parameters stand in the directory.
            payload.append(
                contentsOf: [UInt8](repeating: 0, count: entry.corrections == nil ? 4 : 8))
            rows += count
        }
        var byteCount = payload.count * values.count / max(1, rows)
        if stage == .dictionary, let dictionary {
            byteCount +=
                StripEncoder.encode(
                    .doubles(dictionary.values), validity: nil, options: .ofDictionaries
                ).bytes.count
        }
        return byteCount
    }

    // MARK: Samples

    /// Up to 256 finite values with a place in decimals; others are exceptions at any scale.
    private static func sample(_ values: Span<Double>, validity: [UInt64]?) -> [Double] {
        var sample: [Double] = []
        let stride = max(1, values.count / 256)
        for row in Swift.stride(from: 0, to: values.count, by: stride) {
            if let validity, validity[row / 64] >> UInt64(row % 64) & 1 == 0 { continue }
            let value = values[row]
            if !value.isFinite || (value == 0 && value.sign == .minus) { continue }
            sample.append(value)
        }
        return sample
    }

    /// The scale that takes the fewest bits on the sample, nil where most values are no decimals,
    /// and how many of the sample it misses.
    private static func decimals(_ sample: [Double]) -> (scale: Int?, missCount: Int) {
        if sample.isEmpty { return (0, 0) }
        var best: (scale: Int, bits: Double, missCount: Int)?
        for scale in 0...Decimal.scaleLimit {
            var missCount = 0
            for value in sample where !Decimal.isExact(value, scale: scale) { missCount += 1 }
            let bits = Double(missCount * 80) / Double(sample.count) + 3.32 * Double(scale)
            if best.map({ bits < $0.bits }) ?? true { best = (scale, bits, missCount) }
            if missCount == 0 { break }
        }
        guard let best, best.missCount * 5 <= sample.count * 2 else { return (nil, sample.count) }
        return (best.scale, best.missCount)
    }

    /// The least scale at which nearly all of the sample is within a few doubles of a decimal.
    private static func correctedScale(_ sample: [Double]) -> Int? {
        for scale in 0...Decimal.scaleLimit {
            var farCount = 0
            for value in sample where !Decimal.isNear(value, scale: scale, within: correctionLimit)
            {
                farCount += 1
            }
            if farCount * 100 <= sample.count * 3 { return scale }
        }
        return nil
    }
}
