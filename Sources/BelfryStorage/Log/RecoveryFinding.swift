/// Something that recovery found in the log: what is missing, and where.
package struct RecoveryFinding: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// Bytes of a write that a crash cut off; nothing says that it was durable.
        case tornEnd
        /// Bytes that were durable once and are no record now.
        case damage
        /// Records that no file holds.
        case gap
    }

    package let kind: Kind
    package let file: String
    /// Where in the file; nil where the file itself is missing or cannot be read at all.
    package let bytes: Range<UInt64>?
    /// The writes that are lost; nil where none can be told from the place.
    package let sequences: ClosedRange<UInt64>?
    package let message: String

    package var description: String {
        var text = file
        if let bytes { text += ", bytes \(bytes.lowerBound) to \(bytes.upperBound)" }
        text += ": \(message)"
        if let sequences, kind != .tornEnd {
            text +=
                sequences.count == 1
                ? "; write \(sequences.lowerBound) is lost"
                : "; writes \(sequences.lowerBound) to \(sequences.upperBound) are lost"
        }
        return text
    }
}
