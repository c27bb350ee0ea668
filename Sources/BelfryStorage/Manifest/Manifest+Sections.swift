import BelfryCore

/// What stands behind the lists of a manifest: numbered sections, each with its length, so that
/// there is room for what no version has yet.
///
/// A reader passes over a section it does not know from `overlooked` on and refuses the others; a
/// writer that does not know it drops it, so a feature flag of the store goes with every new one.
extension Manifest {
    enum Section {
        static let tombstones = 1
        static let lastPlausibleClock = 2
        static let appliedThrough = 3
        /// From here on are sections that older readers may overlook.
        static let overlooked = 128
        /// Where it is lost, compaction writes these segments again.
        static let coldSegments = 128
        /// Where it is lost, partitions count as written to now.
        static let writtenAt = 129
    }

    private static let sectionCountLimit = 1 << 16

    func writeSections(to writer: inout ByteWriter) {
        var sections: [(number: Int, content: ByteWriter)] = []
        if !tombstones.isEmpty {
            var content = ByteWriter(capacity: tombstones.count * 32)
            content.writeCount(tombstones.count)
            for tombstone in tombstones { tombstone.write(to: &content) }
            sections.append((Section.tombstones, content))
        }
        if lastPlausibleClock != 0 {
            var content = ByteWriter(capacity: 8)
            content.writeInt64(lastPlausibleClock)
            sections.append((Section.lastPlausibleClock, content))
        }
        let applied = segments.filter { $0.appliedThrough > $0.sequences.upperBound }
        if !applied.isEmpty {
            var content = ByteWriter(capacity: applied.count * 8)
            content.writeCount(applied.count)
            for segment in applied {
                content.writeVarint(segment.fileID)
                content.writeVarint(segment.appliedThrough)
            }
            sections.append((Section.appliedThrough, content))
        }
        let cold = segments.filter(\.isCold)
        if !cold.isEmpty {
            var content = ByteWriter(capacity: cold.count * 4)
            content.writeCount(cold.count)
            for segment in cold { content.writeVarint(segment.fileID) }
            sections.append((Section.coldSegments, content))
        }
        let written = segments.filter { ($0.writtenAt ?? -1) >= 0 }
        if !written.isEmpty {
            var content = ByteWriter(capacity: written.count * 8)
            content.writeCount(written.count)
            for segment in written {
                content.writeVarint(segment.fileID)
                content.writeVarint(UInt64(segment.writtenAt ?? 0))
            }
            sections.append((Section.writtenAt, content))
        }
        writer.writeCount(sections.count)
        for section in sections {
            writer.writeCount(section.number)
            writer.writeCountedBytes(section.content.bytes)
        }
    }

    mutating func readSections(_ reader: inout ByteReader) throws(FormatError) {
        let count = try reader.readCount(limit: reader.remaining / 2, "section count")
        var last = 0
        for _ in 0..<count {
            let place = reader.offset
            let number = try reader.readCount(limit: Self.sectionCountLimit, "section number")
            guard number > last else { throw FormatError("sections out of order", at: place) }
            last = number
            let bytes = try reader.readCountedBytes(limit: reader.remaining, "section byte count")
            var content = unsafe ByteReader(bytes.span.bytes)
            do throws(FormatError) {
                try read(section: number, &content)
            } catch {
                throw FormatError(
                    error.message, at: reader.offset - bytes.count + error.offset)
            }
        }
    }

    private mutating func read(
        section number: Int, _ content: inout ByteReader
    ) throws(FormatError) {
        switch number {
        case Section.tombstones: tombstones = try Tombstone.readAll(&content)
        case Section.lastPlausibleClock: lastPlausibleClock = try content.readInt64()
        case Section.appliedThrough: try readAppliedThrough(&content)
        case Section.coldSegments: try readCold(&content)
        case Section.writtenAt: try readWrittenAt(&content)
        case Section.overlooked...: return
        default: throw FormatError("section \(number) is of a later version", at: 0)
        }
        guard content.isAtEnd else {
            throw FormatError("bytes after the end of section \(number)", at: content.offset)
        }
    }

    /// Segments of the COLD tier.
    private mutating func readCold(_ content: inout ByteReader) throws(FormatError) {
        let count = try content.readCount(limit: content.remaining, "segment count")
        var fileIDs: Set<UInt64> = []
        for _ in 0..<count { fileIDs.insert(try content.readVarint()) }
        for index in segments.indices where fileIDs.contains(segments[index].fileID) {
            segments[index].isCold = true
        }
    }

    /// When the rows of segments were written, in seconds since 1970.
    private mutating func readWrittenAt(_ content: inout ByteReader) throws(FormatError) {
        let count = try content.readCount(limit: content.remaining / 2, "segment count")
        var times: [UInt64: Int64] = [:]
        for _ in 0..<count {
            let fileID = try content.readVarint()
            times[fileID] = Int64(try content.readCount(limit: Self.numberLimit, "written at"))
        }
        for index in segments.indices {
            segments[index].writtenAt = times[segments[index].fileID]
        }
    }

    /// Segments that were written under tombstones newer than their rows.
    private mutating func readAppliedThrough(_ content: inout ByteReader) throws(FormatError) {
        let count = try content.readCount(limit: content.remaining / 2, "segment count")
        var applied: [UInt64: UInt64] = [:]
        for _ in 0..<count {
            let fileID = try content.readVarint()
            let place = content.offset
            let through = UInt64(try content.readCount(limit: Self.numberLimit, "applied through"))
            // A later deletion would be taken for applied.
            guard through <= flushedThrough else {
                throw FormatError("applied through \(through), which is in the log", at: place)
            }
            applied[fileID] = through
        }
        segments = segments.map { segment in
            applied[segment.fileID].map { segment.applied(through: $0) } ?? segment
        }
    }
}
