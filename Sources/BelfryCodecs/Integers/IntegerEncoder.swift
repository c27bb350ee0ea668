/// Puts the integers of a vector into the form whose bytes come out fewest.
///
/// 1. One pass over the values: extremes of values, differences and second differences, runs.
/// 2. For each form that may pay, a histogram of widths gives its size by formula.
/// 3. The faster form (frame, delta, second delta, runs, in this order) is kept unless a slower
///    one saves 5 %; then, and only then, bits are written.
///
/// It keeps its working arrays from vector to vector; make one per strip.
struct IntegerEncoder {
    /// Forms the encoder may use; tests force one.
    struct Forms: OptionSet, Sendable {
        let rawValue: Int
        static let constant = Forms(rawValue: 1)
        static let ramp = Forms(rawValue: 2)
        static let frame = Forms(rawValue: 4)
        static let delta = Forms(rawValue: 8)
        static let secondDelta = Forms(rawValue: 16)
        static let runs = Forms(rawValue: 32)
        static let raw = Forms(rawValue: 64)
        static let all = Forms(rawValue: 127)
    }

    var forms = Forms.all
    /// While a strip is encoded for the LIGHT tier: what its residuals would cost as tokens.
    var model: TokenModel?
    /// The COLD tier's table.
    var tokens: TokenEncoder?
    /// Whether residuals are only entered into the model, and nothing is written.
    private var isCounting = false
    /// Bits in lanes of the vectors the model was settled on, and their rows.
    private var sampledBits = 0
    private var sampledRows = 0
    /// The extremes of the values encoded last.
    private(set) var extremes = (min: Int64(0), max: Int64(0))

    /// Above the least value, difference and second difference, divided.
    private var offsets: [UInt64] = []
    private var deltas: [UInt64] = []
    private var seconds: [UInt64] = []
    private var frameSample: [UInt64] = []
    private var deltaSample: [UInt64] = []

    /// Appends the payload of the values, one at least, and returns its parameters. Ramps are for
    /// vectors whose statistics follow from the parameters: those without NULL.
    mutating func encode(
        _ values: Span<Int64>, mayRamp: Bool, into payload: inout [UInt8]
    ) -> IntegerVector {
        if forms == .raw { return encodeRaw(values, into: &payload) }
        var scan = Scan(values)
        if model != nil || tokens != nil { scan.lookAtSeconds(values) }
        extremes = (scan.min, scan.max)
        let first = values[0]
        if scan.min == scan.max && forms.contains(.constant) {
            return IntegerVector(shape: .constant, base: first)
        }
        if let step = scan.rampStep, mayRamp, forms.contains(.ramp) {
            return IntegerVector(shape: .ramp, base: first, step: step)
        }
        return encodeResiduals(values, scan, into: &payload)
    }

    /// What was encoded so far was a sample: what is encoded from here on is only counted, in the
    /// form of fewest bits.
    mutating func settleModel() {
        model?.settle()
        isCounting = true
    }

    /// Ends counting: the table is the model's, where tokens promise to save 5 %. Returns their
    /// bits in parts of a hundred of the bits in lanes.
    mutating func useModel() -> Int {
        defer { model = nil }
        isCounting = false
        guard let model, let best = model.best(), sampledRows > 0 else { return 100 }
        let light = Double(sampledBits) / Double(sampledRows) * Double(model.residualCount)
        let share = Int(100 * (best.bits + Double(model.residualCount) * 0.1) / max(light, 1))
        if share < 95 { tokens = best.encoder }
        return share
    }

    /// Nothing is looked at but the extremes, which statistics need.
    private mutating func encodeRaw(
        _ values: Span<Int64>, into payload: inout [UInt8]
    ) -> IntegerVector {
        var (low, high) = (values[0], values[0])
        for row in 1..<values.count {
            low = min(low, values[row])
            high = max(high, values[row])
        }
        extremes = (low, high)
        unsafe values.withUnsafeBytes { unsafe payload.append(contentsOf: $0) }
        return IntegerVector(shape: .raw)
    }

    private mutating func encodeResiduals(
        _ values: Span<Int64>, _ scan: Scan, into payload: inout [UInt8]
    ) -> IntegerVector {
        var scan = scan
        let count = values.count
        let first = values[0]
        Residuals.offsets(values, above: scan.min, into: &offsets)
        // Across a range beyond this differences of differences wrap, and a divisor would not
        // survive that.
        let (range, wraps) = scan.max.subtractingReportingOverflow(scan.min)
        let mayDivide = !wraps && range < 1 << 61
        let divisor = mayDivide ? Divisor.common(of: offsets.span) : Divisor(1)
        Residuals.divide(&offsets, by: divisor)
        if isCounting {
            enter(values, scan, divisor)
            return IntegerVector(shape: .frame)
        }
        let start = payload.count
        var coded: IntegerVector?
        if let tokens {
            coded = encodeTokens(values, scan, divisor, tokens, into: &payload)
            if let coded, Self.isClearlySmaller(coded, scan, divisor, count) { return coded }
            if tokens.shape == .frame {
                Residuals.offsets(values, above: scan.min, into: &offsets)
                Residuals.divide(&offsets, by: divisor)
            }
        }

        var best = Candidate(shape: .raw, packing: Packing(), bits: 64 * count)
        var picks = (frame: true, delta: true)
        if forms.isSuperset(of: [.frame, .delta]) && model == nil { picks = pick(values, scan) }
        if forms.contains(.frame) && picks.frame {
            let packing = Packing.best(of: offsets.span, skipping: 0)
            // Bases and seeds are in the directory: 16 bits stand for them.
            best.consider(.frame, packing, bits: packing.bits, isOnly: !forms.contains(.raw))
        }
        var deltaDivisor = Divisor(1)
        let mayDiffer = picks.delta && !forms.isDisjoint(with: [.delta, .secondDelta])
        if count > 1 && mayDiffer {
            Residuals.deltas(values, above: scan.deltaMin, into: &deltas)
            if divisor.value > 1 { deltaDivisor = Divisor.common(of: deltas.span) }
            Residuals.divide(&deltas, by: deltaDivisor)
            if forms.contains(.delta) {
                let packing = Packing.best(of: deltas.span, skipping: 1)
                best.consider(
                    .delta, packing, bits: packing.bits + 16, isOnly: forms == [.delta])
            }
        }
        var hasSeconds = false
        if count > 2 && forms.contains(.secondDelta) && mayDiffer
            && (forms == [.secondDelta] || Residuals.secondsLookSmaller(values))
        {
            hasSeconds = true
            if model == nil && tokens == nil { scan.lookAtSeconds(values) }
            Residuals.seconds(values, above: scan.secondMin, into: &seconds)
            Residuals.divide(&seconds, by: deltaDivisor)
            let packing = Packing.best(of: seconds.span, skipping: 2)
            best.consider(
                .secondDelta, packing, bits: packing.bits + 24, isOnly: forms == [.secondDelta])
        }
        if forms.contains(.runs) {
            let width = bitCount(UInt64(bitPattern: scan.max &- scan.min))
            // A run is reckoned with two bits more.
            if forms == [.runs] || scan.runCount * (width + 2) < best.bits {
                let (lengthWidth, bits) = Runs.best(values, width: width)
                best.consider(
                    .runs, Packing(width: lengthWidth), bits: bits, isOnly: forms == [.runs])
            }
        }

        if model != nil {
            sampledBits += best.bits
            sampledRows += count
            if !hasSeconds && count > 2 {
                hasSeconds = true
                Residuals.seconds(values, above: scan.secondMin, into: &seconds)
                Residuals.divide(&seconds, by: deltaDivisor)
            }
            sampleForModel(values)
            addToModel(
                scan, deltaDivisor.value, hasDeltas: count > 1, hasSeconds: hasSeconds)
        }
        if let coded, let residuals = coded.coded {
            if residuals.byteCount * 8 + 16 < best.bits { return coded }
            payload.removeLast(payload.count - start)
        }

        switch best.shape {
        case .frame:
            var vector = IntegerVector(shape: .frame, base: scan.min)
            vector.base &+= best.packing.base &* Int64(bitPattern: divisor.value)
            vector.divisor = divisor.value
            Self.pack(&offsets, best.packing, skipping: 0, &vector, into: &payload)
            return vector
        case .delta:
            var vector = IntegerVector(shape: .delta, base: first, step: scan.deltaMin)
            vector.step &+= best.packing.base &* Int64(bitPattern: deltaDivisor.value)
            vector.divisor = deltaDivisor.value
            Self.pack(&deltas, best.packing, skipping: 1, &vector, into: &payload)
            return vector
        case .secondDelta:
            var vector = IntegerVector(shape: .secondDelta, base: first, step: scan.secondMin)
            vector.firstDelta = values[1] &- first
            vector.step &+= best.packing.base &* Int64(bitPattern: deltaDivisor.value)
            vector.divisor = deltaDivisor.value
            Self.pack(&seconds, best.packing, skipping: 2, &vector, into: &payload)
            return vector
        case .runs:
            let width = bitCount(UInt64(bitPattern: scan.max &- scan.min))
            let (vector, bytes) = Runs.encode(
                values, base: scan.min, width: width, lengthWidth: best.packing.width)
            payload.append(contentsOf: bytes)
            return vector
        case .raw, .constant, .ramp, .gorilla:
            unsafe values.withUnsafeBytes { unsafe payload.append(contentsOf: $0) }
            return IntegerVector(shape: .raw)
        }
    }

    /// Which of frame and delta may be the smaller one, by a sample of the rows.
    private mutating func pick(_ values: Span<Int64>, _ scan: Scan) -> (frame: Bool, delta: Bool) {
        let sampleCount = 64
        guard values.count >= 8 * sampleCount else { return (true, true) }
        Residuals.resize(&frameSample, to: sampleCount)
        Residuals.resize(&deltaSample, to: sampleCount)
        let stride = (values.count - 1) / sampleCount
        for index in 0..<sampleCount {
            let row = 1 &+ index &* stride
            let delta = values[row] &- values[row &- 1] &- scan.deltaMin
            frameSample[index] = UInt64(bitPattern: values[row] &- scan.min)
            deltaSample[index] = UInt64(bitPattern: delta)
        }
        let frame = Packing.best(of: frameSample.span, skipping: 0).bits
        let delta = Packing.best(of: deltaSample.span, skipping: 0).bits
        return (frame * 5 <= delta * 6 + 160, delta * 5 <= frame * 6 + 160)
    }

    /// Whether tokens are smaller whatever lanes might take: less than whole widths, and not so
    /// few bits that patches or runs alone might do.
    private static func isClearlySmaller(
        _ vector: IntegerVector, _ scan: Scan, _ divisor: Divisor, _ count: Int
    ) -> Bool {
        guard let coded = vector.coded else { return false }
        let bits = coded.byteCount * 8
        let width = bitCount(UInt64(bitPattern: scan.max &- scan.min) / divisor.value)
        let differenceWidth = bitCount(
            UInt64(bitPattern: scan.deltaMax &- scan.deltaMin) / vector.divisor)
        return bits > 2 * count && bits * 8 < min(width, differenceWidth) * count * 7
            && bits < scan.runCount * (width + 4)
    }

    /// Enters a vector into the settled model.
    private mutating func enter(_ values: Span<Int64>, _ scan: Scan, _ divisor: Divisor) {
        guard let model else { return }
        var deltaDivisor = Divisor(1)
        if !model.wants(.frame) && values.count > 2 {
            Residuals.deltas(values, above: scan.deltaMin, into: &deltas)
            if divisor.value > 1 { deltaDivisor = Divisor.common(of: deltas.span) }
            if model.wants(.delta) {
                Residuals.divide(&deltas, by: deltaDivisor)
            } else {
                Residuals.seconds(values, above: scan.secondMin, into: &seconds)
                Residuals.divide(&seconds, by: deltaDivisor)
            }
        }
        addToModel(
            scan, deltaDivisor.value, hasDeltas: values.count > 2, hasSeconds: values.count > 2)
    }

    /// Enters the residuals of the vector that was looked at last.
    private mutating func addToModel(
        _ scan: Scan, _ divisor: UInt64, hasDeltas: Bool, hasSeconds: Bool
    ) {
        guard var entered = model else { return }
        // So that the histograms are not copied.
        model = nil
        if entered.wants(.frame) {
            entered.add(.frame, offsets.span, center: Self.center(of: offsets.span), skipping: 0)
        }
        if hasDeltas && entered.wants(.delta) {
            let center = Self.center(
                of: deltas.span, skipping: 1, near: entered.centers[.delta], above: scan.deltaMin,
                divisor: divisor)
            entered.add(.delta, deltas.span, center: center, skipping: 1)
        }
        if hasSeconds && entered.wants(.secondDelta) {
            let center = Self.center(
                of: seconds.span, skipping: 2, near: entered.centers[.secondDelta],
                above: scan.secondMin, divisor: divisor)
            entered.add(.secondDelta, seconds.span, center: center, skipping: 2)
        }
        model = entered
    }

    /// Differences that tell the middle of all.
    private mutating func sampleForModel(_ values: Span<Int64>) {
        guard var entered = model, !entered.isSettled else { return }
        model = nil
        for index in 0..<min(128, values.count) {
            let row = index * values.count / min(128, values.count)
            if row < 1 { continue }
            let delta = values[row] &- values[row - 1]
            entered.sample(.delta, delta)
            if row < 2 { continue }
            entered.sample(.secondDelta, delta &- values[row - 1] &+ values[row - 2])
        }
        model = entered
    }

    /// What residuals are told from where they are signed: the strip's middle where the vector's
    /// own is near, so that a token means the same in all vectors.
    private static func center(
        of residuals: Span<UInt64>, skipping skipped: Int = 0, near common: Int64? = nil,
        above least: Int64 = 0, divisor: UInt64 = 1
    ) -> UInt64 {
        let middle = Packing.middle(of: residuals, skipping: skipped, sampleCount: 63)
        guard let common, common >= least else { return middle.median }
        let (apart, rest) = UInt64(bitPattern: common &- least).quotientAndRemainder(
            dividingBy: divisor)
        return rest == 0 && middle.half.contains(apart) ? apart : middle.median
    }

    /// The vector with its residuals as tokens of the strip's table, where that is smaller.
    private mutating func encodeTokens(
        _ values: Span<Int64>, _ scan: Scan, _ divisor: Divisor, _ tokens: TokenEncoder,
        into payload: inout [UInt8]
    ) -> IntegerVector? {
        let skipped: Int
        var vector = IntegerVector(shape: tokens.shape, base: values[0])
        var residuals: [UInt64] = []
        switch tokens.shape {
        case .frame:
            skipped = 0
            vector.divisor = divisor.value
            swap(&residuals, &offsets)
        case .delta, .secondDelta:
            skipped = tokens.shape == .delta ? 1 : 2
            guard values.count > skipped else { return nil }
            Residuals.deltas(values, above: scan.deltaMin, into: &deltas)
            var deltaDivisor = Divisor(1)
            if divisor.value > 1 { deltaDivisor = Divisor.common(of: deltas.span) }
            vector.divisor = deltaDivisor.value
            if tokens.shape == .delta {
                swap(&residuals, &deltas)
            } else {
                Residuals.seconds(values, above: scan.secondMin, into: &seconds)
                swap(&residuals, &seconds)
            }
            Residuals.divide(&residuals, by: deltaDivisor)
        case .constant, .ramp, .runs, .raw, .gorilla: return nil
        }
        let isSigned = tokens.table.isSigned
        var center: UInt64 = 0
        if isSigned {
            center = Self.center(
                of: residuals.span, skipping: skipped, near: tokens.center,
                above: tokens.shape == .delta ? scan.deltaMin : scan.secondMin,
                divisor: vector.divisor)
            var span = residuals.mutableSpan
            for row in skipped..<span.count {
                unsafe span[unchecked: row] &-= center
            }
        }
        for row in 0..<skipped { residuals[row] = 0 }
        defer {
            // The room is wanted again, what is in it not.
            switch tokens.shape {
            case .frame: swap(&residuals, &offsets)
            case .delta: swap(&residuals, &deltas)
            default: swap(&residuals, &seconds)
            }
        }
        guard let coded = CodedResiduals.encode(residuals.span, tokens, into: &payload) else {
            return nil
        }
        vector.coded = coded
        let shift =
            isSigned ? Int64(bitPattern: center) &* Int64(bitPattern: vector.divisor) : 0
        switch tokens.shape {
        case .frame: vector.base = scan.min &+ shift
        case .delta: vector.step = scan.deltaMin &+ shift
        default:
            vector.step = scan.secondMin &+ shift
            vector.firstDelta = values[1] &- values[0]
        }
        return vector
    }

    private static func pack(
        _ residuals: inout [UInt64], _ packing: Packing, skipping skipped: Int,
        _ vector: inout IntegerVector, into payload: inout [UInt8]
    ) {
        let base = UInt64(bitPattern: packing.base)
        var span = residuals.mutableSpan
        for row in 0..<span.count {
            unsafe span[unchecked: row] = span[unchecked: row] &- base
        }
        for row in 0..<min(skipped, span.count) { span[row] = 0 }
        vector.width = packing.width
        LaneLayout.pack(residuals.span, width: packing.width, into: &payload)
        if packing.isPatched,
            let (patches, bytes) = Patches.encode(residuals.span, width: packing.width)
        {
            vector.patches = patches
            payload.append(contentsOf: bytes)
        }
    }
}

/// The form that is ahead, and its size.
private struct Candidate {
    var shape: IntegerShape
    var packing: Packing
    var bits: Int

    /// Takes a slower form only where it saves 5 %.
    mutating func consider(_ shape: IntegerShape, _ packing: Packing, bits: Int, isOnly: Bool) {
        if isOnly || bits * 20 < self.bits * 19 {
            self = Candidate(shape: shape, packing: packing, bits: bits)
        }
    }
}

/// What one pass over a vector finds.
private struct Scan {
    private(set) var min: Int64
    private(set) var max: Int64
    private(set) var deltaMin = Int64.max
    private(set) var deltaMax = Int64.min
    /// Of second differences, once they are looked at.
    private(set) var secondMin = Int64.max
    private let isMonotonic: Bool
    private(set) var runCount = 1

    init(_ values: Span<Int64>) {
        let count = values.count
        var low = values[0]
        var high = low
        var deltaLow = Int64.max
        var deltaHigh = Int64.min
        var runs = 1
        var previous = low
        if count > 1 {
            let delta = values[1] &- low
            deltaLow = delta
            deltaHigh = delta
            previous = values[1]
            low = Swift.min(low, previous)
            high = Swift.max(high, previous)
            for row in 2..<Swift.max(2, count) {
                let value = unsafe values[unchecked: row]
                let delta = value &- previous
                low = Swift.min(low, value)
                high = Swift.max(high, value)
                deltaLow = Swift.min(deltaLow, delta)
                deltaHigh = Swift.max(deltaHigh, delta)
                previous = value
            }
        }
        // By itself: four rows at a time, and no branch that guesses where runs end.
        for row in 1..<Swift.max(1, count) {
            let change = unsafe values[unchecked: row] ^ values[unchecked: row &- 1]
            runs &+= oneIfNonzero(UInt64(bitPattern: change))
        }
        min = low
        max = high
        deltaMin = deltaLow
        deltaMax = deltaHigh
        runCount = runs
        isMonotonic = previous == high || previous == low
    }

    /// Few vectors are worth the second differences.
    mutating func lookAtSeconds(_ values: Span<Int64>) {
        guard values.count > 2 else { return }
        var low = Int64.max
        var previous = values[1] &- values[0]
        for row in 2..<values.count {
            let delta = unsafe values[unchecked: row] &- values[unchecked: row &- 1]
            low = Swift.min(low, delta &- previous)
            previous = delta
        }
        secondMin = low
    }

    /// The step where all differences are equal and none of them wrapped.
    var rampStep: Int64? {
        guard deltaMin == deltaMax, isMonotonic else { return nil }
        let (range, overflow) = max.subtractingReportingOverflow(min)
        guard !overflow, range >= 0, UInt64(range) >= deltaMin.magnitude else { return nil }
        return deltaMin
    }
}

/// The passes that turn values into residuals.
private enum Residuals {
    static func offsets(_ values: Span<Int64>, above base: Int64, into output: inout [UInt64]) {
        resize(&output, to: values.count)
        var span = output.mutableSpan
        for row in 0..<values.count {
            unsafe span[unchecked: row] = UInt64(bitPattern: values[unchecked: row] &- base)
        }
    }

    /// Row 0 stays zero.
    static func deltas(_ values: Span<Int64>, above base: Int64, into output: inout [UInt64]) {
        resize(&output, to: values.count)
        var span = output.mutableSpan
        span[0] = 0
        for row in 1..<values.count {
            let delta = unsafe values[unchecked: row] &- values[unchecked: row &- 1]
            unsafe span[unchecked: row] = UInt64(bitPattern: delta &- base)
        }
    }

    /// Rows 0 and 1 stay zero.
    static func seconds(_ values: Span<Int64>, above base: Int64, into output: inout [UInt64]) {
        resize(&output, to: values.count)
        var span = output.mutableSpan
        span[0] = 0
        span[1] = 0
        var previous = values[1] &- values[0]
        for row in 2..<values.count {
            let delta = unsafe values[unchecked: row] &- values[unchecked: row &- 1]
            unsafe span[unchecked: row] = UInt64(bitPattern: delta &- previous &- base)
            previous = delta
        }
    }

    static func divide(_ numbers: inout [UInt64], by divisor: Divisor) {
        if divisor.value == 1 { return }
        var span = numbers.mutableSpan
        for row in 0..<span.count {
            unsafe span[unchecked: row] = divisor.quotient(span[unchecked: row])
        }
    }

    /// Whether second differences take fewer bits than differences, on a sample.
    static func secondsLookSmaller(_ values: Span<Int64>) -> Bool {
        var deltaBits = 0
        var secondBits = 0
        let stride = Swift.max(1, values.count / 64)
        var row = 2
        while row < values.count {
            let delta = values[row] &- values[row - 1]
            let previous = values[row - 1] &- values[row - 2]
            deltaBits += bitCount(delta.magnitude)
            secondBits += bitCount((delta &- previous).magnitude)
            row += stride
        }
        return secondBits < deltaBits
    }

    static func resize(_ output: inout [UInt64], to count: Int) {
        if output.count != count { output = [UInt64](repeating: 0, count: count) }
    }
}
