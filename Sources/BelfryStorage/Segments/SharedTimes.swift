import BelfryCodecs
import BelfryCore

/// The time strips that a segment has so far, by their bytes: sensors that report on one grid share
/// an axis, and their blocks refer to the first that had it.
///
/// Only strips that stand for themselves are entered, so a reference never leads to another one.
/// What it holds is bounded: when it is full it forgets, and the next blocks have strips of their
/// own again.
struct SharedTimes {
    private static let byteCountLimit = 4 << 20

    private var blocks: [UInt64: (block: Int, rowCount: Int, bytes: [UInt8])] = [:]
    private var byteCount = 0

    /// The earlier block with this strip; where there is none, `block` is entered.
    mutating func earlierBlock(
        with strip: EncodedStrip, rowCount: Int, orEnter block: Int
    ) -> Int? {
        // Not sealed yet, so the bytes do not depend on the place.
        let hash = unsafe Checksum.xxh64(strip.bytes.span.bytes, seed: 0)
        if let found = blocks[hash] {
            if found.rowCount == rowCount && found.bytes == strip.bytes { return found.block }
            return nil
        }
        if byteCount + strip.bytes.count > Self.byteCountLimit {
            blocks = [:]
            byteCount = 0
        }
        blocks[hash] = (block, rowCount, strip.bytes)
        byteCount += strip.bytes.count
        return nil
    }
}
