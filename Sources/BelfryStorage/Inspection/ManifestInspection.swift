import BelfryCore

/// A manifest as commented hex: the first copy whole, the second where it says something else.
enum ManifestInspection {
    static func run(_ file: InspectedFile) throws(StorageError) {
        guard file.byteCount <= 1 << 30 else {
            file.listing.problem("\(file.byteCount) bytes are no manifest", at: 0)
            return
        }
        let bytes = try file.read(at: 0, count: Int(file.byteCount))
        let half = bytes.count / 2
        guard bytes.count >= 1024, half % 512 == 0 else {
            file.listing.problem("\(bytes.count) bytes are no two copies", at: 0)
            copy(bytes, at: 0, file)
            return
        }
        file.listing.heading("First copy")
        copy(Array(bytes[..<half]), at: 0, file)
        file.listing.heading("Second copy")
        let second = Array(bytes[half...])
        if second.dropLast(8) == bytes[..<(half - 8)] {
            file.listing.note("      the same but for its checksum")
            let salt = second.littleEndian(at: 32, 8)
            file.checksum(second, 0..<(half - 8), at: UInt64(half), salt: salt)
        } else {
            file.listing.note("      not the same as the first")
            copy(second, at: UInt64(half), file)
        }
    }

    private static func copy(_ bytes: [UInt8], at base: UInt64, _ file: InspectedFile) {
        let salt = bytes.count >= 40 ? bytes.littleEndian(at: 32, 8) : 0
        let before = file.listing.problemCount
        file.sealed(bytes, at: base, salt: salt) { (reader) throws(FormatError) in
            try fields(&reader)
        }
        guard file.listing.problemCount == before, bytes.count >= 32 else { return }
        // Numbers and lists that contradict each other are no trouble to a listing, but to the
        // engine's own reader.
        do throws(FormatError) {
            _ = try ManifestFile.decode(bytes, databaseID: Array(bytes[16..<32]), offset: base)
        } catch { file.listing.problem(error.message, at: base + UInt64(max(0, error.offset))) }
    }

    private static func fields(_ reader: inout FieldReader) throws(FormatError) {
        try InspectionFields.magic(&reader, ManifestFile.magic)
        let version = try reader.uint(2)
        reader.say("version \(version)")
        let headerByteCount = try reader.uint(2)
        reader.say("header of \(headerByteCount) bytes")
        let bodyByteCount = try reader.uint(4)
        reader.say("body of \(bodyByteCount) bytes")
        _ = try reader.data(16)
        reader.say("database id")
        _ = try reader.uint(8)
        reader.say("salt")
        let bodyStart = reader.offset
        var numbers: [UInt64] = []
        for what in [
            "number", "epoch", "flushed through", "next table", "next series", "next file",
        ] {
            let number = try reader.varint()
            numbers.append(number)
            reader.say("\(what) \(number)")
        }
        let tableCount = try reader.count("table count")
        reader.say(InspectionText.count(tableCount, "table") + ":")
        reader.indent += 1
        for _ in 0..<tableCount { _ = try InspectionFields.table(&reader, version: version) }
        reader.indent -= 1
        let segmentCount = try reader.count("segment count")
        reader.say(InspectionText.count(segmentCount, "segment") + ":")
        reader.listing.brief(
            "manifest \(numbers[0]), epoch \(numbers[1]), flushed through \(numbers[2]): "
                + InspectionText.count(tableCount, "table") + ", "
                + InspectionText.count(segmentCount, "segment"))
        reader.indent += 1
        for _ in 0..<segmentCount { try segment(&reader) }
        reader.indent -= 1
        let retiredCount = try reader.count("retired count")
        var retired: [String] = []
        for _ in 0..<retiredCount { retired.append("\(try reader.varint())") }
        reader.say(
            "\(retiredCount) retired" + (retired.isEmpty ? "" : ": ")
                + retired.joined(separator: ", "))
        if version > 0 { try sections(&reader) }
        if UInt64(reader.offset - bodyStart) != bodyByteCount {
            throw FormatError(
                "a body of \(reader.offset - bodyStart) bytes, \(bodyByteCount) in the header",
                at: reader.offset)
        }
        let rest = try reader.data(reader.remaining)
        let isZero = rest.allSatisfy { $0 == 0 }
        reader.say("zeros to the end of a sector, less 8")
        if !isZero {
            throw FormatError("bytes behind the body that are not zero", at: reader.offset)
        }
    }

    private static func segment(_ reader: inout FieldReader) throws(FormatError) {
        let fileID = try reader.varint()
        reader.say("file \(fileID)")
        reader.indent += 1
        defer { reader.indent -= 1 }
        _ = try reader.uint(8)
        reader.say("salt")
        let byteCount = try reader.varint()
        reader.say("\(byteCount) bytes")
        let table = try reader.varint()
        var place = "wide"
        if table == 0 {
            reader.say("wide")
        } else {
            let start = InspectionText.time(try reader.int64())
            let end = InspectionText.time(try reader.int64())
            place = "table \(table), partition from \(start) to before \(end)"
            reader.say(place)
        }
        let first = try reader.varint()
        let last = try reader.varint()
        reader.say("sequences \(first) to \(last)")
        try InspectionFields.time(&reader, "first time")
        try InspectionFields.time(&reader, "before")
        let rows = try reader.varint()
        reader.say("\(rows) rows")
        reader.listing.brief(
            "  \(FileNames.segment(fileID)): \(byteCount) bytes, \(place), "
                + "sequences \(first) to \(last), \(rows) rows")
    }

    /// Sections as the engine takes them: those it knows to their end, later ones passed over
    /// where they may be, and a problem where its reader refuses them.
    private static func sections(_ reader: inout FieldReader) throws(FormatError) {
        let count = try reader.count("section count", each: 2)
        reader.say(InspectionText.count(count, "section"))
        reader.indent += 1
        defer { reader.indent -= 1 }
        for _ in 0..<count {
            let start = reader.offset
            let number = try reader.varint()
            let byteCount = try reader.count("section byte count")
            let end = reader.offset + byteCount
            let title = "section \(number) of \(byteCount) bytes"
            switch number {
            case UInt64(Manifest.Section.tombstones):
                reader.say(title + ": tombstones")
                let count = try reader.count("tombstone count", each: 19)
                reader.say(InspectionText.count(count, "tombstone"))
                reader.indent += 1
                for _ in 0..<count { try InspectionFields.tombstone(&reader) }
                reader.indent -= 1
                reader.listing.brief("  " + InspectionText.count(count, "tombstone"))
            case UInt64(Manifest.Section.lastPlausibleClock):
                reader.say(title + ": clock")
                try InspectionFields.time(&reader, "last plausible clock")
            case UInt64(Manifest.Section.appliedThrough):
                reader.say(title + ": deletions applied by compaction")
                try appliedThrough(&reader)
            case UInt64(Manifest.Section.coldSegments):
                reader.say(title + ": the COLD tier")
                try coldSegments(&reader)
            case UInt64(Manifest.Section.writtenAt):
                reader.say(title + ": when segments were written")
                try writtenAt(&reader)
            case UInt64(Manifest.Section.overlooked)...:
                _ = try reader.data(byteCount)
                reader.say(title + ": of a later version, to be passed over")
            default:
                _ = try reader.data(byteCount)
                reader.say(title + ": of a later version")
                reader.listing.problem(
                    "section \(number) is of a later version", at: reader.base + UInt64(start))
            }
            guard reader.offset == end else {
                throw FormatError(
                    "section \(number) ends at byte \(reader.offset), \(end) by its length",
                    at: reader.offset)
            }
        }
    }

    private static func writtenAt(_ reader: inout FieldReader) throws(FormatError) {
        let count = try reader.count("segment count", each: 2)
        reader.say(InspectionText.count(count, "segment"))
        for _ in 0..<count {
            let fileID = try reader.varint()
            let seconds = Int64(clamping: try reader.varint())
            let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            let time = InspectionText.time(overflow ? .max : nanoseconds)
            reader.say("file \(fileID), written by \(time)")
        }
    }

    private static func appliedThrough(_ reader: inout FieldReader) throws(FormatError) {
        let count = try reader.count("segment count", each: 2)
        reader.say(InspectionText.count(count, "segment"))
        for _ in 0..<count {
            let fileID = try reader.varint()
            let through = try reader.varint()
            reader.say("  file \(fileID) has those up to sequence \(through)")
            reader.listing.brief(
                "  \(FileNames.segment(fileID)): deletions up to sequence \(through) applied")
        }
    }

    private static func coldSegments(_ reader: inout FieldReader) throws(FormatError) {
        let count = try reader.count("segment count")
        var fileIDs: [String] = []
        for _ in 0..<count { fileIDs.append("\(try reader.varint())") }
        reader.say(
            InspectionText.count(count, "segment") + (fileIDs.isEmpty ? "" : ": files ")
                + fileIDs.joined(separator: ", "))
        reader.listing.brief(
            "  in the COLD tier: files " + fileIDs.joined(separator: ", "))
    }
}
