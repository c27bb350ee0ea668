/// Bytes that are not what a format says, and where.
///
/// Thrown by everything that reads bytes from outside: log, segments, manifest, strips. The offset
/// counts from the start of the bytes handed to the reader; storage adds file and base offset.
package struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What stood there and what was expected, in words.
    package let message: String
    /// The byte at which the reader noticed.
    package let offset: Int

    package init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }

    package static func truncated(at offset: Int, needed: Int, available: Int) -> FormatError {
        FormatError("truncated: \(needed) bytes needed, \(available) there", at: offset)
    }

    package var description: String { "byte \(offset): \(message)" }
}
