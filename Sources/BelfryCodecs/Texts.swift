import BelfryCore

/// Texts end to end: text `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
package struct TextValues: Hashable, Sendable {
    /// One more than there are texts; the first is 0.
    package let offsets: [UInt32]
    package let bytes: [UInt8]

    package init(offsets: [UInt32], bytes: [UInt8]) {
        self.offsets = offsets
        self.bytes = bytes
    }

    package var count: Int { max(0, offsets.count - 1) }
}

/// The distinct texts of a strip, in byte order; codes index them and mean nothing elsewhere.
package typealias TextDictionary = TextValues

/// A run of bytes in the payload, by zstd where that is smaller.
///
/// In the directory: the byte count, and the stored byte count; equal means stored as they are.
struct StoredBytes: Hashable, Sendable {
    var byteCount: Int
    var storedByteCount: Int

    /// Below this, headers outweigh what compression saves.
    private static let compressionThreshold = 64

    static func encode(
        _ bytes: RawSpan, _ zstd: borrowing Zstd, into payload: inout [UInt8]
    ) -> StoredBytes {
        let count = bytes.byteCount
        if count >= compressionThreshold,
            let compressed = zstd.compress(bytes, limit: count - count / 20)
        {
            payload.append(contentsOf: compressed)
            return StoredBytes(byteCount: count, storedByteCount: compressed.count)
        }
        unsafe bytes.withUnsafeBytes { unsafe payload.append(contentsOf: $0) }
        return StoredBytes(byteCount: count, storedByteCount: count)
    }

    func write(_ writer: inout ByteWriter) {
        writer.writeCount(byteCount)
        writer.writeCount(storedByteCount)
    }

    static func read(
        _ reader: inout ByteReader, limit: Int
    ) throws(FormatError) -> StoredBytes {
        let start = reader.offset
        let byteCount = try reader.readCount(limit: limit, "bytes of text")
        let storedByteCount = try reader.readCount(limit: limit, "stored bytes of text")
        guard storedByteCount <= byteCount else {
            throw FormatError("\(storedByteCount) bytes stored for \(byteCount)", at: start)
        }
        return StoredBytes(byteCount: byteCount, storedByteCount: storedByteCount)
    }

    func decode(_ bytes: RawSpan, at offset: Int) throws(FormatError) -> [UInt8] {
        let stored = bytes.extracting(offset..<(offset + storedByteCount))
        if storedByteCount == byteCount { return stored.copiedBytes() }
        do throws(FormatError) {
            return try Zstd.decompress(
                stored, byteCount: byteCount, limit: Strip.textBlobByteCountLimit)
        } catch {
            throw FormatError(error.message, at: offset + error.offset)
        }
    }
}

extension Strip {
    /// Texts with their lengths ahead, as a dictionary is stored.
    static var textBlobByteCountLimit: Int { textByteCountLimit + 4 * rowCountLimit }
}

/// The sorted distinct texts of a strip, and the code of each row.
struct TextCodes {
    var dictionary: TextValues
    var codes: [Int64]

    static let entryCountLimit = 16_384

    /// Nil where a dictionary does not pay: the texts of a sample are mostly distinct, or there
    /// turn out to be too many. Rows without a value take the code of the row before.
    static func find(offsets: [UInt32], bytes: [UInt8], validity: [UInt64]?) -> TextCodes? {
        let rowCount = offsets.count - 1
        func isValid(_ row: Int) -> Bool {
            validity.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
        }
        let source = unsafe bytes.span.bytes
        let stride = max(1, rowCount / 1024)
        var sample = DistinctTexts()
        var sampled = 0
        for row in Swift.stride(from: 0, to: rowCount, by: stride) where isValid(row) {
            _ = sample.number(of: Int(offsets[row])..<Int(offsets[row + 1]), in: source)
            sampled += 1
        }
        guard sampled > 0, sample.count * 2 <= sampled + 1 else { return nil }

        var distinct = DistinctTexts()
        var codes = [Int64](repeating: 0, count: rowCount)
        var code = 0
        var previous: Range<Int>?
        let limit = min(entryCountLimit, rowCount / 2 + 1)
        for row in 0..<rowCount {
            if isValid(row) {
                let place = Int(offsets[row])..<Int(offsets[row + 1])
                // States stay as they are for many rows.
                if previous.map({ !DistinctTexts.isEqual($0, place, in: source) }) ?? true {
                    code = distinct.number(of: place, in: source)
                    if distinct.count > limit { return nil }
                    previous = place
                }
            }
            codes[row] = Int64(code)
        }
        return sorted(distinct, codes, bytes)
    }

    /// With texts in byte order, and codes that say so.
    private static func sorted(
        _ distinct: DistinctTexts, _ codes: [Int64], _ bytes: [UInt8]
    ) -> TextCodes {
        let texts = distinct.places.map { bytes[$0] }
        let order = texts.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
        var ranks = [Int64](repeating: 0, count: order.count)
        var sortedOffsets: [UInt32] = [0]
        var sortedBytes: [UInt8] = []
        for (rank, number) in order.enumerated() {
            ranks[number] = Int64(rank)
            sortedBytes.append(contentsOf: texts[number])
            sortedOffsets.append(UInt32(sortedBytes.count))
        }
        return TextCodes(
            dictionary: TextValues(offsets: sortedOffsets, bytes: sortedBytes),
            codes: codes.map { ranks[Int($0)] })
    }
}

/// Numbers for distinct texts in the order of their first appearance: an open table of hashes over
/// places in the column's bytes.
private struct DistinctTexts {
    /// Where each text first stood.
    private(set) var places: [Range<Int>] = []
    private var hashes: [UInt64] = []
    private var slots = [Int32](repeating: -1, count: 64)

    var count: Int { places.count }

    /// - Precondition: the place lies within the bytes.
    mutating func number(of place: Range<Int>, in bytes: RawSpan) -> Int {
        let hash = Self.hash(place, in: bytes)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if hashes[number] == hash && Self.isEqual(places[number], place, in: bytes) {
                return number
            }
            slot = (slot + 1) & mask
        }
        slots[slot] = Int32(places.count)
        places.append(place)
        hashes.append(hash)
        if places.count * 2 > slots.count { grow() }
        return places.count - 1
    }

    private mutating func grow() {
        let mask = slots.count * 2 - 1
        slots = [Int32](repeating: -1, count: mask + 1)
        for (number, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(number)
        }
    }

    /// XXH64 where texts are long; short ones, as most are, by two words of eight bytes.
    private static func hash(_ place: Range<Int>, in bytes: RawSpan) -> UInt64 {
        let count = place.count
        let start = place.lowerBound
        precondition(start >= 0 && place.upperBound <= bytes.byteCount, "a place in the bytes")
        if count > 16 { return Checksum.xxh64(bytes.extracting(place), seed: 0) }
        var head: UInt64 = 0
        var tail: UInt64 = 0
        if count >= 8 {
            head = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: start, as: UInt64.self)
            tail = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: start &+ count &- 8, as: UInt64.self)
        } else {
            for index in 0..<count {
                let byte = unsafe bytes.unsafeLoad(
                    fromUncheckedByteOffset: start &+ index, as: UInt8.self)
                head = head &<< 8 | UInt64(byte)
            }
        }
        let mixed = (head ^ UInt64(count)).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        let other = (tail ^ mixed.high ^ mixed.low).multipliedFullWidth(by: 0xC2B2_AE3D_27D4_EB4F)
        return other.high ^ other.low
    }

    /// Whether the same bytes stand at both places.
    static func isEqual(_ one: Range<Int>, _ other: Range<Int>, in bytes: RawSpan) -> Bool {
        let count = one.count
        guard count == other.count else { return false }
        let left = bytes.extracting(one)
        let right = bytes.extracting(other)
        var index = 0
        while index &+ 8 <= count {
            let words = unsafe (
                left.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self),
                right.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            )
            if words.0 != words.1 { return false }
            index &+= 8
        }
        while index < count {
            let pair = unsafe (
                left.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self),
                right.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
            )
            if pair.0 != pair.1 { return false }
            index &+= 1
        }
        return true
    }
}
