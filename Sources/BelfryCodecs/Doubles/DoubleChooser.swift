/// Finds the stage of a strip of doubles.
///
/// A sample of 2,048 values says which stages may pay; where more than one may, the sample is
/// encoded with each, and the one of fewest bits wins if it saves 5 % against the faster ones. All
/// rows are looked at only where a dictionary or a cut has won on the sample.
struct DoubleChooser {
    private(set) var stage: DoubleStage
    private(set) var dictionary: DoubleDictionary?
    private(set) var cut: CutPatterns?
    /// Nil where there was nothing to weigh.
    private(set) var report: ChoiceReport?

    private let isCold: Bool
    /// What is ahead; nil until there is something to hold against the first candidate.
    private var taken: ChoiceReport.Candidate?
    private var others: [ChoiceReport.Candidate] = []

    /// - Parameter explains: whether there is to be a report even of a stage without rivals.
    init(
        _ values: Span<Double>, validity: [UInt64]?, options: StripOptions, explains: Bool = false
    ) {
        stage = .patterns
        isCold = options.isCold
        if options.useGorilla || options.isRaw { return }
        let sample = StripSample(values, validity: validity)
        let found = DecimalScales.decimals(sample.plain)
        if let scale = found.scale { stage = .decimals(scale: scale) }
        if sample.values.isEmpty { return }
        if explains { enterFirst(sample) }
        if found.missCount > 0 {
            // Floats have few bits of their own, so that nearly all of them pass for corrected
            // decimals of many digits.
            if sample.plain.allSatisfy({ SingleDecimal.isSingle($0) }) {
                if let scale = DecimalScales.singles(sample.plain) {
                    consider(.singles(scale: scale), sample)
                }
            }
            if let scale = DecimalScales.corrected(sample.plain) {
                consider(.corrected(scale: scale), sample)
            }
        }
        if options.mayUseDictionary {
            considerDictionary(
                values, validity, sample, exactScale: found.missCount == 0 ? found.scale : nil)
            if stage == .patterns { considerCut(values, sample) }
        }
        if let taken { report = ChoiceReport(taken: taken, others: others) }
    }

    /// Most strips are decimals that nothing comes near: those are not tried at all.
    private mutating func enterFirst(_ sample: StripSample) {
        guard taken == nil else { return }
        taken = ChoiceReport.Candidate(
            name: Self.name(stage), bitsPerValue: trial(stage, sample))
    }

    /// Takes a stage where it saves 5 % against the one that is ahead.
    private mutating func consider(_ candidate: DoubleStage, _ sample: StripSample) {
        enterFirst(sample)
        take(candidate, bits: trial(candidate, sample), name: Self.name(candidate))
    }

    /// Whether the stage was taken.
    @discardableResult
    private mutating func take(_ candidate: DoubleStage, bits: Double, name: String) -> Bool {
        let entered = ChoiceReport.Candidate(name: name, bitsPerValue: bits)
        guard let best = taken else { preconditionFailure("the first candidate is entered") }
        guard bits * 20 < best.bitsPerValue * 19 else {
            others.append(entered)
            return false
        }
        others.append(best)
        taken = entered
        stage = candidate
        return true
    }

    private static func name(_ stage: DoubleStage) -> String {
        func digits(_ scale: Int) -> String { scale == 1 ? "1 digit" : "\(scale) digits" }
        switch stage {
        case .decimals(0): return "whole numbers"
        case .decimals(let scale): return "decimals with \(digits(scale))"
        case .corrected(let scale): return "decimals with \(digits(scale)) and corrections"
        case .singles(let scale): return "floats of decimals with \(digits(scale))"
        case .dictionary: return "dictionary"
        case .cut(let width): return "patterns cut at bit \(width)"
        case .patterns: return "ordered bits"
        }
    }

    // MARK: Estimates

    /// About the bits a value takes in this stage, by encoding the sample.
    private func trial(_ stage: DoubleStage, _ sample: StripSample) -> Double {
        var encoder = DoubleEncoder(stage: stage, cut: cut)
        if isCold { encoder.integers.model = TokenModel() }
        var payload: [UInt8] = []
        var otherByteCount = 0
        for piece in sample.pieces {
            let entry = encoder.encode(
                sample.values.span, rows: piece, validity: nil, validCount: 0, into: &payload)
            otherByteCount += entry.corrections?.byteCount(rowCount: piece.count) ?? 0
            otherByteCount += entry.exceptionCount * VectorEntry.exceptionByteCount
        }
        let light = Double(payload.count * 8)
        let cold = (encoder.integers.model?.leastBits ?? .infinity) + Double(otherByteCount * 8)
        return min(light, cold) / Double(sample.values.count) + Self.entryBits(stage)
    }

    /// Parameters in the directory, a value.
    private static func entryBits(_ stage: DoubleStage) -> Double {
        if case .corrected = stage { 0.1 } else { 0.05 }
    }

    /// About the bits a value takes as one of these codes.
    private func trial(_ codes: [Int64], _ pieces: [Range<Int>]) -> Double {
        var encoder = IntegerEncoder()
        if isCold { encoder.model = TokenModel() }
        var payload: [UInt8] = []
        for piece in pieces {
            _ = encoder.encode(codes.span.extracting(piece), mayRamp: false, into: &payload)
        }
        let bits = min(Double(payload.count * 8), encoder.model?.leastBits ?? .infinity)
        return bits / Double(max(1, codes.count)) + Self.entryBits(.dictionary)
    }

    // MARK: Dictionary

    private mutating func considerDictionary(
        _ values: Span<Double>, _ validity: [UInt64]?, _ sample: StripSample, exactScale: Int?
    ) {
        let limit = min(Strip.distinctCountLimit, values.count / 4)
        guard limit > 1, let found = sample.distinct(limit: sample.values.count / 2),
            found.values.count > 1, Self.looksSparse(found.values, exactScale)
        else { return }
        let count = found.values.count
        enterFirst(sample)
        // How many more there are, from how many came once and twice.
        let unseen =
            sample.values.count == values.count
            ? 0 : found.onceCount * found.onceCount / (2 * max(1, found.twiceCount))
        let total = min(limit, count + unseen)
        let growth = Double(total) / Double(count)
        let distinctBits = Self.distinctBits(found.values) * growth / Double(values.count)
        let codeBits = trial(sample.codes(among: found.values), sample.pieces)
        let estimate = codeBits + distinctBits + (codeBits > 0.5 ? growth.logarithm : 0)
        guard let best = taken?.bitsPerValue, estimate < best * 1.05 else {
            others.append(
                ChoiceReport.Candidate(
                    name: "dictionary of about \(total) distinct values", bitsPerValue: estimate))
            return
        }
        guard let built = DoubleDictionary.find(values, validity: validity, limit: limit) else {
            others.append(
                ChoiceReport.Candidate(
                    name: "dictionary of more than \(limit) distinct values", bitsPerValue: .nan))
            return
        }
        let codes = sample.codes(among: built.values)
        let bits =
            trial(codes, sample.pieces) + Self.distinctBits(built.values) / Double(values.count)
        let name = "dictionary of \(built.values.count) distinct values"
        if take(.dictionary, bits: bits, name: name) { dictionary = built }
    }

    /// Decimals that take most places of their range are as short as codes.
    private static func looksSparse(_ distinct: [Double], _ exactScale: Int?) -> Bool {
        guard let exactScale, let low = distinct.first, let high = distinct.last else {
            return true
        }
        let places = (high - low) * Decimal.powers[exactScale] + 1
        return !(places <= Double(2 * distinct.count))
    }

    private static func distinctBits(_ distinct: [Double]) -> Double {
        let strip = StripEncoder.encode(
            .doubles(distinct), validity: nil, options: .ofDictionaries)
        return Double(strip.bytes.count * 8)
    }

    // MARK: Cut patterns

    private mutating func considerCut(_ values: Span<Double>, _ sample: StripSample) {
        let width = CutPatterns.rightWidth(for: sample.values)
        guard let found = CutPatterns(values, rightWidth: width) else { return }
        enterFirst(sample)
        cut = found
        let candidate = DoubleStage.cut(rightWidth: width)
        let partBits = Double(16 * found.leftParts.count) / Double(values.count)
        let bits = trial(candidate, sample) + partBits
        let entered = ChoiceReport.Candidate(name: Self.name(candidate), bitsPerValue: bits)
        // It is as fast as ordered bits: 1 % is enough.
        if let best = taken, bits * 100 < best.bitsPerValue * 99 {
            others.append(best)
            taken = entered
            stage = candidate
        } else {
            others.append(entered)
            cut = nil
        }
    }
}

extension Double {
    /// Binary, to about a tenth: for estimates.
    fileprivate var logarithm: Double { Double(exponent) + significand - 1 }
}
