import BelfryCore
import Testing

@testable import BelfryCodecs

/// Encodes, seals, opens and decodes, and compares every row that has a value and all statistics
/// with what a plain loop finds.
struct RoundTrip {
    static let salt: UInt64 = 0x5EED_0F57_A17E_0001
    static let offset: UInt64 = 4096

    let strip: EncodedStrip
    let decoder: StripDecoder

    init(
        _ values: StripValues, _ validity: [UInt64]?, gorilla: Bool = false,
        cold: Bool = false, forms: IntegerEncoder.Forms = .all
    ) throws {
        var options = StripOptions()
        options.useGorilla = gorilla
        options.isCold = cold
        var strip = StripEncoder.encode(values, validity: validity, options: options, forms: forms)
        strip.seal(salt: Self.salt, offset: Self.offset)
        self.strip = strip
        decoder = try StripDecoder(
            bytes: strip.bytes, kind: values.kind, rowCount: values.count, salt: Self.salt,
            offset: Self.offset)
        let directory = try StripDirectory(
            bytes: Array(strip.bytes.prefix(strip.directoryByteCount)), kind: values.kind,
            rowCount: values.count, salt: Self.salt, offset: Self.offset)
        #expect(Self.isSame(directory.statistics, strip.statistics))
        #expect(Self.isSame(decoder.statistics, strip.statistics))
    }

    /// Bits for each stored value, both checksums and all statistics included.
    var bitsPerValue: Double {
        Double(strip.bytes.count * 8) / Double(max(1, decoder.rowCount))
    }

    var shapes: [IntegerShape] {
        get throws { try entries.map(\.tag.shape) }
    }

    var entries: [StripDirectory.Place] {
        get throws { try directory.vectors }
    }

    /// Of a strip of doubles.
    var stage: DoubleStage? {
        get throws { try directory.doubles?.stage }
    }

    private var directory: StripDirectory {
        get throws {
            try StripDirectory(
                bytes: strip.bytes, kind: decoder.kind, rowCount: decoder.rowCount,
                salt: Self.salt, offset: Self.offset)
        }
    }

    @discardableResult
    static func check(
        _ values: [Int64], _ validity: [UInt64]? = nil, cold: Bool = false,
        forms: IntegerEncoder.Forms = .all
    ) throws -> RoundTrip {
        let trip = try RoundTrip(.integers(values), validity, cold: cold, forms: forms)
        try trip.compareRows(validity) { vector, rows, valid in
            let found = try trip.decoder.decodeIntegers(vector)
            let expected = valid.map { values[$0] }
            let isEqual = valid.map { found[$0 - rows.lowerBound] } == expected
            var numbers = VectorStatistics.Numbers.none
            if let low = expected.min(), let high = expected.max() {
                numbers = .integers(
                    IntegerSummary(
                        min: low, max: high, sum: expected.reduce(0) { $0 + Int128($1) }))
            }
            let statistics = VectorStatistics(count: valid.count, numbers: numbers)
            return found.count == rows.count && isEqual
                && trip.decoder.statistics(of: vector) == statistics
        }
        return trip
    }

    @discardableResult
    static func check(
        _ values: [Double], _ validity: [UInt64]? = nil, gorilla: Bool = false,
        cold: Bool = false, forms: IntegerEncoder.Forms = .all
    ) throws -> RoundTrip {
        let trip = try RoundTrip(
            .doubles(values), validity, gorilla: gorilla, cold: cold, forms: forms)
        try trip.compareRows(validity) { vector, rows, valid in
            let found = try trip.decoder.decodeDoubles(vector)
            let expected = valid.map { values[$0] }
            let isEqual =
                valid.map { found[$0 - rows.lowerBound].bitPattern }
                == expected.map(\.bitPattern)
            let statistics = trip.decoder.statistics(of: vector)
            return found.count == rows.count && isEqual && statistics.count == valid.count
                && describes(statistics.doubleSummary, expected)
        }
        return trip
    }

    @discardableResult
    static func check(_ values: [Bool], _ validity: [UInt64]? = nil) throws -> RoundTrip {
        let trip = try RoundTrip(.booleans(values), validity)
        try trip.compareRows(validity) { vector, rows, valid in
            let found = try trip.decoder.decodeBooleans(vector)
            return found.count == rows.count
                && valid.map { found[$0 - rows.lowerBound] } == valid.map { values[$0] }
                && trip.decoder.statistics(of: vector)
                    == VectorStatistics(count: valid.count, numbers: .none)
        }
        return trip
    }

    @discardableResult
    static func check(
        _ texts: [[UInt8]], _ validity: [UInt64]? = nil, cold: Bool = false,
        forms: IntegerEncoder.Forms = .all
    ) throws -> RoundTrip {
        var offsets: [UInt32] = [0]
        var bytes: [UInt8] = []
        for text in texts {
            bytes += text
            offsets.append(UInt32(bytes.count))
        }
        let trip = try RoundTrip(
            .texts(offsets: offsets, bytes: bytes), validity, cold: cold, forms: forms)
        if let dictionary = trip.decoder.dictionary {
            let distinct = (0..<dictionary.count).map { dictionary[$0] }
            #expect(
                zip(distinct, distinct.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
        }
        try trip.compareRows(validity) { vector, rows, valid in
            let found = try trip.decoder.decodeTexts(vector)
            var isEqual = found.count == rows.count
            for row in valid where isEqual {
                isEqual = Array(found[row - rows.lowerBound]) == texts[row]
            }
            if let codes = try trip.decoder.decodeCodes(vector),
                let dictionary = trip.decoder.dictionary
            {
                isEqual = isEqual && codes.count == rows.count
                for row in valid where isEqual {
                    isEqual = Array(dictionary[Int(codes[row - rows.lowerBound])]) == texts[row]
                }
            }
            return isEqual
                && trip.decoder.statistics(of: vector)
                    == VectorStatistics(count: valid.count, numbers: .none)
        }
        return trip
    }

    /// One comparison a vector: an expectation for each row would be most of the test's time.
    private func compareRows(
        _ validity: [UInt64]?, _ compare: (Int, Range<Int>, [Int]) throws -> Bool
    ) throws {
        var validCount = 0
        for vector in 0..<decoder.vectorCount {
            let start = vector * Strip.vectorRowCount
            let rows = start..<(start + decoder.rowCount(of: vector))
            let valid = rows.filter { isValid(validity, $0) }
            validCount += valid.count
            let words = try decoder.validity(of: vector)
            let found = rows.filter { isValid(words, $0 - start) }
            #expect(found == valid, "validity of vector \(vector)")
            #expect(try compare(vector, rows, valid), "vector \(vector)")
        }
        #expect(decoder.statistics.count == validCount)
    }

    /// Whether a summary is what a plain loop finds, the sum within what is promised.
    private static func describes(_ summary: DoubleSummary?, _ values: [Double]) -> Bool {
        guard let summary else { return values.isEmpty }
        if values.isEmpty { return false }
        let ordered = values.filter { !$0.isNaN }.sorted { $0 < $1 || isBelow($0, $1) }
        let finite = values.filter(\.isFinite)
        let magnitudes = finite.reduce(0) { $0 + $1.magnitude }
        // With more bits than a double has, so that the comparison itself rounds nothing away.
        let exact = ExactSum.of(finite)
        let isSumRight =
            !magnitudes.isFinite
            || (summary.sum + summary.sumRest - exact).magnitude
                <= magnitudes * 0x1p-52 + Double.leastNonzeroMagnitude
        return summary.nanCount == values.count(where: \.isNaN)
            && summary.positiveInfinityCount == values.count { $0 == .infinity }
            && summary.negativeInfinityCount == values.count { $0 == -.infinity }
            && isSamePattern(summary.min, ordered.first ?? .nan)
            && isSamePattern(summary.max, ordered.last ?? .nan) && isSumRight
    }

    private static func isBelow(_ left: Double, _ right: Double) -> Bool {
        left == right && left.sign == .minus && right.sign == .plus
    }

    private static func isSamePattern(_ left: Double, _ right: Double) -> Bool {
        left.bitPattern == right.bitPattern || (left.isNaN && right.isNaN)
    }

    static func isSame(_ left: VectorStatistics, _ right: VectorStatistics) -> Bool {
        if left == right { return true }
        guard left.count == right.count, case .doubles(let one) = left.numbers,
            case .doubles(let other) = right.numbers
        else { return false }
        return isSamePattern(one.min, other.min) && isSamePattern(one.max, other.max)
            && isSamePattern(one.sum, other.sum) && isSamePattern(one.sumRest, other.sumRest)
            && one.nanCount == other.nanCount
            && one.positiveInfinityCount == other.positiveInfinityCount
            && one.negativeInfinityCount == other.negativeInfinityCount
    }
}

extension TextValues {
    subscript(row: Int) -> ArraySlice<UInt8> { bytes[Int(offsets[row])..<Int(offsets[row + 1])] }
}

/// The sum of doubles, rounded once: partial sums that never overlap.
enum ExactSum {
    static func of(_ values: [Double]) -> Double {
        var partials: [Double] = []
        for value in values {
            var carried = value
            var kept: [Double] = []
            for partial in partials {
                let large = carried.magnitude < partial.magnitude ? partial : carried
                let small = carried.magnitude < partial.magnitude ? carried : partial
                let total = large + small
                let rest = small - (total - large)
                if rest != 0 { kept.append(rest) }
                carried = total
            }
            partials = kept + [carried]
        }
        return partials.reduce(0, +)
    }
}
