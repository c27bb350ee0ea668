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
        func text(_ row: Int) -> ArraySlice<UInt8> {
            bytes[Int(offsets[row])..<Int(offsets[row + 1])]
        }
        func isValid(_ row: Int) -> Bool {
            validity.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
        }
        let stride = max(1, rowCount / 1024)
        var sample = DistinctTexts()
        var sampled = 0
        for row in Swift.stride(from: 0, to: rowCount, by: stride) where isValid(row) {
            _ = sample.number(of: text(row))
            sampled += 1
        }
        guard sampled > 0, sample.count * 2 <= sampled + 1 else { return nil }

        var distinct = DistinctTexts()
        var codes = [Int64](repeating: 0, count: rowCount)
        var code = 0
        var previous: Int?
        let limit = min(entryCountLimit, rowCount / 2 + 1)
        for row in 0..<rowCount {
            if isValid(row) {
                if let previous, text(row) == text(previous) {
                    codes[row] = Int64(code)
                    continue
                }
                code = distinct.number(of: text(row))
                if distinct.count > limit { return nil }
                previous = row
            }
            codes[row] = Int64(code)
        }
        let order = distinct.texts.indices.sorted {
            distinct.texts[$0].lexicographicallyPrecedes(distinct.texts[$1])
        }
        var ranks = [Int64](repeating: 0, count: order.count)
        var sortedOffsets: [UInt32] = [0]
        var sortedBytes: [UInt8] = []
        for (rank, number) in order.enumerated() {
            ranks[number] = Int64(rank)
            sortedBytes.append(contentsOf: distinct.texts[number])
            sortedOffsets.append(UInt32(sortedBytes.count))
        }
        for row in codes.indices { codes[row] = ranks[Int(codes[row])] }
        return TextCodes(
            dictionary: TextValues(offsets: sortedOffsets, bytes: sortedBytes), codes: codes)
    }
}

/// Numbers for distinct texts in the order of their first appearance: an open table of XXH64.
private struct DistinctTexts {
    private(set) var texts: [ArraySlice<UInt8>] = []
    private var hashes: [UInt64] = []
    private var slots = [Int32](repeating: -1, count: 64)

    var count: Int { texts.count }

    mutating func number(of text: ArraySlice<UInt8>) -> Int {
        let hash = unsafe text.withUnsafeBytes {
            unsafe Checksum.xxh64(RawSpan(_unsafeBytes: $0), seed: 0)
        }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if hashes[number] == hash && texts[number] == text { return number }
            slot = (slot + 1) & mask
        }
        slots[slot] = Int32(texts.count)
        texts.append(text)
        hashes.append(hash)
        if texts.count * 2 > slots.count { grow() }
        return texts.count - 1
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
}
