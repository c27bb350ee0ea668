import BelfryCore

/// What a store uses beyond the base of its format version, by what a build may do that does not
/// know it.
///
/// Unknown features are refused by class, never guessed: a bit of `compatible` may be overlooked,
/// one of `readOnlyCompatible` bars writing, one of `incompatible` bars opening.
struct FeatureFlags: Sendable, Hashable {
    var compatible: UInt32 = 0
    var readOnlyCompatible: UInt32 = 0
    var incompatible: UInt32 = 0

    /// The features of this build: none yet.
    static let known = FeatureFlags()

    /// The bits of each class that this build does not know.
    var unknown: FeatureFlags {
        FeatureFlags(
            compatible: compatible & ~Self.known.compatible,
            readOnlyCompatible: readOnlyCompatible & ~Self.known.readOnlyCompatible,
            incompatible: incompatible & ~Self.known.incompatible)
    }

    func write(to writer: inout ByteWriter) {
        writer.writeUInt32(compatible)
        writer.writeUInt32(readOnlyCompatible)
        writer.writeUInt32(incompatible)
    }

    static func read(_ reader: inout ByteReader) throws(FormatError) -> FeatureFlags {
        FeatureFlags(
            compatible: try reader.readUInt32(), readOnlyCompatible: try reader.readUInt32(),
            incompatible: try reader.readUInt32())
    }
}
