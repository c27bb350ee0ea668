import Synchronization

/// The content of one simulated file: what was written, what is durable, and which sectors differ.
final class SimulatedContent: Sendable {
    let images: Mutex<SimulatedImages>

    init(_ images: SimulatedImages = SimulatedImages()) { self.images = Mutex(images) }

    /// A file whose bytes are all durable.
    convenience init(durable bytes: [UInt8]) {
        self.init(SimulatedImages(written: bytes, durable: bytes, dirty: []))
    }
}

/// Two images of a file at a granularity of 512 bytes. A sector is *dirty* where a sync would write
/// it; the sizes of the two images are told apart like their bytes.
struct SimulatedImages: Sendable {
    static let sectorByteCount = 512

    var written: [UInt8] = []
    var durable: [UInt8] = []
    /// The sectors that a sync would write.
    var dirty: Set<Int> = []
    /// What stood in sectors that were cut off before a sync: the system may have written it back
    /// at any time, and the cut is a pending change of the size.
    var cutOff: [(start: Int, bytes: [UInt8])] = []

    /// Whether a sync would make a difference, other than in zeros at the end.
    var isPending: Bool {
        if !cutOff.isEmpty { return true }
        let count = min(written.count, durable.count)
        return written[..<count] != durable[..<count]
            || written[count...].contains { $0 != 0 } || durable[count...].contains { $0 != 0 }
    }

    mutating func write(_ bytes: ArraySlice<UInt8>, at start: Int) {
        let end = start + bytes.count
        grow(to: end)
        written.replaceSubrange(start..<end, with: bytes)
        mark(start..<end)
    }

    mutating func grow(to byteCount: Int) {
        let start = written.count
        if byteCount <= start { return }
        written += [UInt8](repeating: 0, count: byteCount - start)
        mark(start..<byteCount)
    }

    mutating func cut(to byteCount: Int) {
        let end = written.count
        if byteCount >= end { return }
        for sector in (byteCount / Self.sectorByteCount)...(end / Self.sectorByteCount)
        where dirty.contains(sector) {
            let start = sector * Self.sectorByteCount
            let sectorEnd = min(end, start + Self.sectorByteCount)
            if start < sectorEnd { cutOff.append((start, Array(written[start..<sectorEnd]))) }
        }
        written.removeLast(end - byteCount)
        // Bytes that come back by growing are zeros, not what stood there.
        mark(byteCount..<end)
    }

    private mutating func mark(_ range: Range<Int>) {
        if range.isEmpty { return }
        for sector
            in (range.lowerBound / Self.sectorByteCount)...((range.upperBound - 1)
            / Self.sectorByteCount)
        {
            dirty.insert(sector)
        }
    }

    mutating func sync() {
        resizeDurable(to: written.count)
        for sector in dirty { copy(sector, through: Self.sectorByteCount) }
        dirty = []
        cutOff = []
    }

    /// A failed sync: the system takes the dirty pages for written, and the next sync succeeds
    /// without them. Who reads still sees them.
    mutating func dropDirty() {
        dirty = []
        cutOff = []
    }

    /// Content that was cut off became durable before.
    private mutating func restore(_ part: (start: Int, bytes: [UInt8])) {
        let end = part.start + part.bytes.count
        if durable.count < end { resizeDurable(to: end) }
        durable.replaceSubrange(part.start..<end, with: part.bytes)
    }

    private mutating func resizeDurable(to byteCount: Int) {
        if durable.count > byteCount {
            durable.removeLast(durable.count - byteCount)
        } else {
            durable += [UInt8](repeating: 0, count: byteCount - durable.count)
        }
    }

    /// The first bytes of a sector become durable.
    private mutating func copy(_ sector: Int, through count: Int) {
        let start = sector * Self.sectorByteCount
        let end = min(written.count, durable.count, start + count)
        if start < end { durable.replaceSubrange(start..<end, with: written[start..<end]) }
    }

    /// What the disk holds after the power went: the durable image, and of what was pending what
    /// `survival` says.
    func survivors(_ survival: CrashSurvival, _ generator: inout SeededGenerator) -> [UInt8] {
        if written == durable && cutOff.isEmpty { return durable }
        var after = self
        switch survival {
        case .nothing, .names: return durable
        case .everything:
            after.sync()
            return after.durable
        case .data:
            // All content that ever was, and no cut.
            for part in cutOff { after.restore(part) }
            if after.durable.count < written.count { after.resizeDurable(to: written.count) }
            for sector in dirty { after.copy(sector, through: Self.sectorByteCount) }
            return after.durable
        case .sizes:
            after.resizeDurable(to: written.count)
            return after.durable
        case .arbitrary:
            for part in cutOff where generator.next() % 2 == 0 { after.restore(part) }
            // The size is pending too: the old one, the new one, or something between.
            let low = min(written.count, durable.count)
            let high = max(written.count, durable.count)
            switch generator.next() % 3 {
            case 0: break
            case 1: after.resizeDurable(to: written.count)
            default:
                after.resizeDurable(to: low + Int(generator.next() % UInt64(high - low + 1)))
            }
            // Each file has its own share of sectors that made it, in no order.
            let share = generator.next() % 9
            let torn = dirty.isEmpty ? 0 : Int(generator.next() % UInt64(dirty.count))
            for (index, sector) in dirty.sorted().enumerated() {
                if index == torn {
                    after.copy(sector, through: Int(generator.next() % 513))
                } else if generator.next() % 8 < share {
                    after.copy(sector, through: Self.sectorByteCount)
                }
            }
            return after.durable
        }
    }
}

/// What of the pending things a crash keeps.
package enum CrashSurvival: Sendable, Hashable, CaseIterable {
    /// Only what was synced.
    case nothing
    /// All operations on names, no content: empty files under their final names.
    case names
    /// All operations on names and all sizes, with zeros for content.
    case sizes
    /// All content, no operation on names, no file cut.
    case data
    /// All, as when only the process dies.
    case everything
    /// Any part of either, in any order, one sector of each file perhaps torn.
    case arbitrary
}
