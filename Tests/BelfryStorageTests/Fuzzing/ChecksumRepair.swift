import BelfryCore

@testable import BelfryCodecs
@testable import BelfryStorage

/// Puts the checksums of forged files right, as far as the lengths in them tell where they are.
enum ChecksumRepair {
    private static func set(_ value: UInt64, in bytes: inout [UInt8], at offset: Int) {
        for index in 0..<8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }

    /// Seals `covered`, whose checksum stands right behind it.
    private static func seal(
        _ bytes: inout [UInt8], _ covered: Range<Int>, salt: UInt64, checksum: Int? = nil
    ) {
        let place = checksum ?? covered.upperBound
        guard covered.upperBound <= bytes.count, place + 8 <= bytes.count else { return }
        let sum = Checksum.xxh64(
            Array(bytes[covered]), seed: salt &+ UInt64(covered.lowerBound))
        set(sum, in: &bytes, at: place)
    }

    static func identity(_ bytes: inout [UInt8]) {
        guard bytes.count >= 72 else { return }
        seal(&bytes, 0..<64, salt: bytes.littleEndian(at: 40, 8))
    }

    static func manifest(_ bytes: inout [UInt8]) {
        let half = bytes.count / 2
        guard half >= 512 else { return }
        for start in [0, half] {
            let salt = bytes.littleEndian(at: start + 32, 8)
            seal(&bytes, start..<(start + half - 8), salt: salt)
        }
    }

    static func series(_ bytes: inout [UInt8]) {
        guard bytes.count >= 48 else { return }
        seal(&bytes, 0..<(bytes.count - 8), salt: bytes.littleEndian(at: 32, 8))
    }

    static func log(_ bytes: inout [UInt8]) {
        guard bytes.count >= 96 else { return }
        let salt = bytes.littleEndian(at: 32, 8)
        seal(&bytes, 0..<88, salt: salt)
        var sequence = bytes.littleEndian(at: 40, 8)
        var offset = 96
        while offset + 32 <= bytes.count {
            let payload = bytes.littleEndian(at: offset + 8, 4)
            let end = UInt64(offset) + (32 + payload + 7) / 8 * 8
            guard payload <= 1 << 30, end <= UInt64(bytes.count) else { return }
            if payload == 0 && bytes[offset..<(offset + 32)].allSatisfy({ $0 == 0 }) { return }
            // Odd bytes of padding keep a forged sequence now and then.
            if bytes[offset] & 7 != 1 { set(sequence, in: &bytes, at: offset + 16) }
            seal(&bytes, (offset + 8)..<Int(end), salt: salt, checksum: offset)
            sequence &+= 1
            offset = Int(end)
        }
    }

    static func strip(_ bytes: inout [UInt8]) {
        strip(&bytes, 0..<bytes.count, salt: 0)
    }

    private static func strip(_ bytes: inout [UInt8], _ range: Range<Int>, salt: UInt64) {
        let start = range.lowerBound
        guard range.count >= 24 else { return }
        let directoryEnd = UInt64(start) + 8 + bytes.littleEndian(at: start, 4)
        guard directoryEnd + 16 <= UInt64(range.upperBound) else { return }
        // The payload's length is what is left, but for one input in eight.
        let payload = range.upperBound - Int(directoryEnd) - 16
        if bytes[Int(directoryEnd)] & 7 != 1 {
            for index in 0..<4 {
                bytes[start + 4 + index] = UInt8(truncatingIfNeeded: payload >> (8 * index))
            }
        }
        seal(&bytes, start..<Int(directoryEnd), salt: salt)
        seal(&bytes, (Int(directoryEnd) + 8)..<(range.upperBound - 8), salt: salt)
    }

    static func segment(_ bytes: inout [UInt8]) {
        let fixed = SegmentFormat.headerByteCount + SegmentFormat.trailerByteCount
        guard bytes.count > fixed else { return }
        let salt = bytes.littleEndian(at: 40, 8)
        seal(&bytes, 0..<72, salt: salt)
        let trailer = bytes.count - SegmentFormat.trailerByteCount
        set(SegmentFormat.endMagic, in: &bytes, at: trailer + 24)
        seal(&bytes, trailer..<(trailer + 16), salt: salt)
        guard
            let place = try? SegmentFooter.place(
                Array(bytes[trailer...]), salt: salt, fileByteCount: UInt64(bytes.count)),
            place.byteCount >= 8
        else { return }
        let footerStart = Int(place.offset)
        seal(&bytes, footerStart..<(footerStart + place.byteCount - 8), salt: salt)
        let version = UInt16(bytes.littleEndian(at: 8, 2))
        guard
            let footer = try? SegmentFooter.decode(
                Array(bytes[footerStart..<(footerStart + place.byteCount)]), salt: salt,
                offset: place.offset, version: version)
        else { return }
        for page in footer.pages where page.byteCount >= 8 {
            let start = Int(page.offset)
            seal(&bytes, start..<(start + page.byteCount - 8), salt: salt)
        }
        let indexStart = Int(footer.indexOffset)
        guard footer.indexByteCount >= 8 else { return }
        let indexEnd = indexStart + footer.indexByteCount
        seal(&bytes, indexStart..<(indexEnd - 8), salt: salt)
        guard
            let index = try? BlockIndex.decode(
                Array(bytes[indexStart..<indexEnd]), salt: salt, offset: footer.indexOffset,
                limit: footer.pages.first?.offset ?? footer.indexOffset)
        else { return }
        for entry in index.entries { block(&bytes, entry, salt) }
    }

    private static func block(
        _ bytes: inout [UInt8], _ entry: BlockIndex.Entry, _ salt: UInt64
    ) {
        let start = Int(entry.offset)
        let headerEnd = start + entry.headerByteCount
        guard entry.headerByteCount >= 8 else { return }
        seal(&bytes, start..<(headerEnd - 8), salt: salt)
        guard
            let header = try? BlockHeader.decode(
                Array(bytes[start..<headerEnd]), salt: salt, offset: entry.offset,
                stripByteCount: entry.stripByteCount)
        else { return }
        for place in header.strips where place.byteCount > 0 {
            let stripStart = headerEnd + place.offset
            strip(&bytes, stripStart..<(stripStart + place.byteCount), salt: salt)
        }
    }
}
