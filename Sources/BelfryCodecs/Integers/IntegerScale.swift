import BelfryCore

/// Integers that all lie whole steps apart, counted in such steps: times in seconds kept as
/// nanoseconds, say. Parameters and statistics are written as such counts; once read they are
/// those of the integers themselves, so nothing else knows of it.
///
/// Format: `formats/codecs.md`, "Scaled integers".
struct IntegerScale: Hashable, Sendable {
    /// What one step is, 2 at least.
    let unit: UInt64
    /// The integer that 0 stands for.
    let origin: Int64

    /// Below, parameters are short as they are.
    private static let unitLimit: UInt64 = 1_000
    /// Sums and differences of smaller ones do not overflow.
    private static let magnitudeLimit: Int64 = 1 << 61

    /// The scale of values that fill more than a vector, and are no single ramp; nil where there
    /// is none.
    static func find(_ values: [Int64], validity: [UInt64]?) -> IntegerScale? {
        guard values.count > Strip.vectorRowCount else { return nil }
        let span = values.span
        var origin: Int64?
        var divisor: Divisor?
        for row in 0..<span.count {
            if let validity, validity[row / 64] >> UInt64(row % 64) & 1 == 0 { continue }
            let value = unsafe span[unchecked: row]
            guard value > -magnitudeLimit && value < magnitudeLimit else { return nil }
            guard let start = origin else {
                origin = value
                continue
            }
            let distance = (value &- start).magnitude
            if distance == 0 { continue }
            guard let current = divisor else {
                divisor = Divisor(distance)
                continue
            }
            if current.divides(distance) { continue }
            let common = Divisor.gcd(current.value, distance)
            if common < unitLimit { return nil }
            divisor = Divisor(common)
        }
        guard let origin, let divisor, divisor.value >= unitLimit else { return nil }
        if validity == nil && isRamp(span) { return nil }
        return IntegerScale(unit: divisor.value, origin: origin)
    }

    private static func isRamp(_ values: Span<Int64>) -> Bool {
        let step = values[1] &- values[0]
        for row in 2..<values.count where values[row] &- values[row - 1] != step { return false }
        return true
    }

    /// The counts of values that the scale was found for; what rows without a value hold becomes
    /// anything.
    func counts(_ values: [Int64]) -> [Int64] {
        let divisor = Divisor(unit)
        var counts = values
        var span = counts.mutableSpan
        for row in 0..<span.count {
            let distance = unsafe span[unchecked: row] &- origin
            let count = Int64(bitPattern: divisor.quotient(distance.magnitude))
            unsafe span[unchecked: row] = distance < 0 ? 0 &- count : count
        }
        return counts
    }

    // MARK: Reading

    /// Parameters of counts become those of the integers.
    func apply(to vector: inout IntegerVector, at offset: Int) throws(FormatError) {
        let factor = Int64(bitPattern: unit)
        vector.base = origin &+ vector.base &* factor
        vector.step = vector.step &* factor
        vector.firstDelta = vector.firstDelta &* factor
        switch vector.shape {
        case .constant, .ramp: break
        case .frame, .delta, .secondDelta, .runs:
            let (divisor, overflow) = vector.divisor.multipliedReportingOverflow(by: unit)
            guard !overflow else {
                throw FormatError("divisor \(vector.divisor) of \(unit)", at: offset)
            }
            vector.divisor = divisor
        case .raw, .gorilla:
            throw FormatError("raw values in steps of \(unit)", at: offset)
        }
    }

    func apply(to summary: IntegerSummary, count: Int) -> IntegerSummary {
        let factor = Int64(bitPattern: unit)
        return IntegerSummary(
            min: origin &+ summary.min &* factor, max: origin &+ summary.max &* factor,
            sum: Int128(origin) &* Int128(count) &+ summary.sum &* Int128(unit))
    }

    func apply(to statistics: inout VectorStatistics) {
        guard case .integers(let summary) = statistics.numbers else { return }
        statistics.numbers = .integers(apply(to: summary, count: statistics.count))
    }

    // MARK: The directory

    func write(_ writer: inout ByteWriter) {
        writer.writeVarint(unit)
        writer.writeSignedVarint(origin)
    }

    static func read(_ reader: inout ByteReader) throws(FormatError) -> IntegerScale {
        let start = reader.offset
        let unit = try reader.readVarint()
        // More would not leave two integers of 64 bits.
        guard unit >= 2 && unit <= UInt64(Int64.max) else {
            throw FormatError("steps of \(unit)", at: start)
        }
        return IntegerScale(unit: unit, origin: try reader.readSignedVarint())
    }
}
