/// A checked little-endian cursor over borrowed bytes.
///
/// Every read checks the bytes that are left before it touches them and throws a `FormatError`
/// with the offset where they ended. Lengths that were read are for the caller to check against
/// a limit before anything is allocated.
package struct ByteReader: ~Copyable, ~Escapable {
    @usableFromInline let bytes: RawSpan
    package private(set) var offset = 0

    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.byteCount - offset }
    package var isAtEnd: Bool { offset == bytes.byteCount }

    private mutating func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type
    ) throws(FormatError) -> T {
        let width = MemoryLayout<T>.size
        guard remaining >= width else {
            throw .truncated(at: offset, needed: width, available: remaining)
        }
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
        offset += width
        return T(littleEndian: value)
    }

    package mutating func readUInt8() throws(FormatError) -> UInt8 { try load(UInt8.self) }
    package mutating func readUInt16() throws(FormatError) -> UInt16 { try load(UInt16.self) }
    package mutating func readUInt32() throws(FormatError) -> UInt32 { try load(UInt32.self) }
    package mutating func readUInt64() throws(FormatError) -> UInt64 { try load(UInt64.self) }
    package mutating func readInt64() throws(FormatError) -> Int64 { try load(Int64.self) }
    package mutating func readDouble() throws(FormatError) -> Double {
        Double(bitPattern: try load(UInt64.self))
    }

    /// An unsigned LEB128 number of at most ten bytes.
    package mutating func readVarint() throws(FormatError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readUInt8()
            if shift == 63 && byte > 1 {
                throw FormatError("a varint longer than 64 bits", at: start)
            }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw FormatError("a varint longer than ten bytes", at: start) }
        }
    }

    /// A varint that must fit an `Int` and not exceed `limit`; lengths and counts are read by this.
    package mutating func readCount(limit: Int, _ what: String) throws(FormatError) -> Int {
        let start = offset
        let value = try readVarint()
        guard value <= UInt64(limit) else {
            throw FormatError("\(what) \(value), at most \(limit) expected", at: start)
        }
        return Int(value)
    }

    /// A zig-zag varint.
    package mutating func readSignedVarint() throws(FormatError) -> Int64 {
        Varint.unzigzag(try readVarint())
    }

    /// The next `count` bytes, borrowed.
    @_lifetime(copy self)
    package mutating func readSpan(_ count: Int) throws(FormatError) -> RawSpan {
        guard count >= 0, remaining >= count else {
            throw .truncated(at: offset, needed: count, available: remaining)
        }
        let part = bytes.extracting(offset..<(offset + count))
        offset += count
        return part
    }

    /// The next `count` bytes, copied.
    package mutating func readBytes(_ count: Int) throws(FormatError) -> [UInt8] {
        let part = try readSpan(count)
        return part.copiedBytes()
    }

    /// Bytes with their count ahead as a varint, copied; at most `limit` of them.
    package mutating func readCountedBytes(
        limit: Int, _ what: String
    ) throws(FormatError) -> [UInt8] {
        let count = try readCount(limit: limit, what)
        return try readBytes(count)
    }

    package mutating func skip(_ count: Int) throws(FormatError) {
        guard count >= 0, remaining >= count else {
            throw .truncated(at: offset, needed: count, available: remaining)
        }
        offset += count
    }
}

extension RawSpan {
    /// These bytes as an array of their own.
    package func copiedBytes() -> [UInt8] {
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }
}
