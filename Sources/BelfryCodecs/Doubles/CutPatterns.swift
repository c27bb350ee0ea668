import BelfryCore

/// Bit patterns of doubles cut in two: a left part of at most 16 bits, of which a strip has few,
/// and a right part of 48 to 63 bits that is kept as it is.
///
/// For measured doubles that are no decimals and do not follow each other: sign, exponent and first
/// digits repeat, the rest is noise. Left parts are numbered by how often they come, so that stage
/// B's lanes take the frequent ones and its patches, or the tokens of the COLD tier, the others.
struct CutPatterns {
    let rightWidth: Int
    /// The most frequent first.
    let leftParts: [UInt16]
    /// The number of each left part plus one; 0 where the strip has no such part.
    private let numbers: [UInt16]

    static let widths = 48...63
    /// More left parts than this are no few.
    static let leftPartLimit = 1024

    /// The cut of these values; nil where there are too many left parts.
    init?(_ values: Span<Double>, rightWidth: Int) {
        self.rightWidth = rightWidth
        var counts = [UInt32](repeating: 0, count: 1 << (64 - rightWidth))
        var countSpan = counts.mutableSpan
        let shift = UInt64(rightWidth)
        for row in 0..<values.count {
            let left = unsafe Int(truncatingIfNeeded: values[unchecked: row].bitPattern &>> shift)
            countSpan[left] &+= 1
        }
        var parts = counts.indices.filter { counts[$0] > 0 }
        guard parts.count <= Self.leftPartLimit else { return nil }
        parts.sort { (counts[$1], $0) < (counts[$0], $1) }
        leftParts = parts.map { UInt16($0) }
        var numbers = [UInt16](repeating: 0, count: counts.count)
        for (number, part) in parts.enumerated() { numbers[part] = UInt16(number + 1) }
        self.numbers = numbers
    }

    /// The width of right parts that takes the fewest bits on a sample.
    static func rightWidth(for sample: [Double]) -> Int {
        var lefts = sample.map { $0.bitPattern >> 48 }
        lefts.sort()
        var best = (width: widths.upperBound, bits: Double.infinity)
        for width in widths {
            let bits = Double(width) + leftBits(lefts, shift: UInt64(width - 48))
            if bits < best.bits { best = (width, bits) }
        }
        return best.width
    }

    /// Bits a value of the left parts in a frame with patches.
    private static func leftBits(_ sorted: [UInt64], shift: UInt64) -> Double {
        var counts: [Int] = []
        var index = 0
        while index < sorted.count {
            let part = sorted[index] >> shift
            let start = index
            while index < sorted.count && sorted[index] >> shift == part { index += 1 }
            counts.append(index - start)
        }
        counts.sort(by: >)
        var best = Double.infinity
        var covered = 0
        var next = 0
        for width in 0...16 {
            while next < min(counts.count, 1 << width) {
                covered += counts[next]
                next += 1
            }
            let share = Double(sorted.count - covered) / Double(sorted.count)
            best = min(best, Double(width) + 12 * share)
            if next == counts.count { break }
        }
        // Each part takes two bytes of the directory.
        return best
    }

    /// Writes the numbers of the left parts and the right parts; false where a value has a left
    /// part that the strip has not.
    func split(
        _ values: Span<Double>, into codes: inout [Int64], _ rights: inout [Int64]
    ) -> Bool {
        let count = values.count
        if codes.count != count { codes = [Int64](repeating: 0, count: count) }
        if rights.count != count { rights = [Int64](repeating: 0, count: count) }
        var codeSpan = codes.mutableSpan
        var rightSpan = rights.mutableSpan
        let table = numbers.span
        let shift = UInt64(rightWidth)
        let mask = (1 as UInt64) << shift &- 1
        var isMissing = false
        for row in 0..<count {
            let pattern = unsafe values[unchecked: row].bitPattern
            let number = table[Int(truncatingIfNeeded: pattern &>> shift)]
            isMissing = isMissing || number == 0
            unsafe codeSpan[unchecked: row] = Int64(number) &- 1
            unsafe rightSpan[unchecked: row] = Int64(bitPattern: pattern & mask)
        }
        return !isMissing
    }

    // MARK: The directory

    func writeLeftParts(_ writer: inout ByteWriter) {
        writer.writeCount(leftParts.count)
        for part in leftParts {
            writer.writeUInt8(UInt8(truncatingIfNeeded: part))
            writer.writeUInt8(UInt8(truncatingIfNeeded: part >> 8))
        }
    }

    /// Moved to where they are in a pattern.
    static func readLeftParts(
        _ reader: inout ByteReader, rightWidth: Int
    ) throws(FormatError) -> [Int64] {
        let count = try reader.readCount(limit: leftPartLimit, "left parts")
        var parts: [Int64] = []
        parts.reserveCapacity(count)
        for _ in 0..<count {
            let low = UInt64(try reader.readUInt8())
            let part = low | UInt64(try reader.readUInt8()) << 8
            guard part >> UInt64(64 - rightWidth) == 0 else {
                throw FormatError("left part \(part)", at: reader.offset - 2)
            }
            parts.append(Int64(bitPattern: part << UInt64(rightWidth)))
        }
        return parts
    }
}
