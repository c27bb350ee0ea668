/// A growing little-endian buffer.
///
/// The counterpart of `ByteReader`: what one writes, the other reads. Places whose value is only
/// known later are reserved by writing zeros and filled by `overwrite`.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    package var count: Int { bytes.count }

    private mutating func store<T: FixedWidthInteger>(_ value: T) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    package mutating func writeUInt8(_ value: UInt8) { bytes.append(value) }
    package mutating func writeUInt16(_ value: UInt16) { store(value) }
    package mutating func writeUInt32(_ value: UInt32) { store(value) }
    package mutating func writeUInt64(_ value: UInt64) { store(value) }
    package mutating func writeInt64(_ value: Int64) { store(value) }
    package mutating func writeDouble(_ value: Double) { store(value.bitPattern) }

    package mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func writeCount(_ value: Int) { writeVarint(UInt64(value)) }
    package mutating func writeSignedVarint(_ value: Int64) { writeVarint(Varint.zigzag(value)) }

    package mutating func writeBytes(_ other: [UInt8]) { bytes.append(contentsOf: other) }
    package mutating func writeBytes(_ other: ArraySlice<UInt8>) { bytes.append(contentsOf: other) }
    package mutating func writeBytes(_ other: RawSpan) {
        unsafe other.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// All values of a span as they lie in memory; the machine must be little-endian.
    package mutating func writeValues<T: BitwiseCopyable>(_ values: Span<T>) {
        unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Bytes with their count ahead as a varint.
    package mutating func writeCountedBytes(_ other: [UInt8]) {
        writeCount(other.count)
        writeBytes(other)
    }

    package mutating func writeCountedText(_ text: String) { writeCountedBytes(Array(text.utf8)) }

    /// Zeros up to the next multiple of `alignment`.
    package mutating func pad(to alignment: Int) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }

    /// Puts `value` at a place written before.
    /// - Precondition: the place lies within what was written.
    package mutating func overwrite(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset + 4 <= bytes.count, "the place was written before")
        for index in 0..<4 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }

    /// Puts `value` at a place written before.
    /// - Precondition: the place lies within what was written.
    package mutating func overwrite(_ value: UInt64, at offset: Int) {
        precondition(offset >= 0 && offset + 8 <= bytes.count, "the place was written before")
        for index in 0..<8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}
