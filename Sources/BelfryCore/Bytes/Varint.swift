/// The zig-zag map of LEB128 numbers: small magnitudes of either sign become small.
package enum Varint {
    package static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    package static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    /// How many bytes `ByteWriter.writeVarint` takes for a value.
    package static func byteCount(of value: UInt64) -> Int {
        (70 - (value | 1).leadingZeroBitCount) / 7
    }
}
