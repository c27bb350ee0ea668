import BelfryCore

/// What `belfry inspect` shows of a file.
package struct InspectionOptions: Sendable {
    /// Headings and a line for each part instead of every field; nil: by the file's size.
    package var isBrief: Bool?
    /// Only this block of a segment.
    package var block: Int?
    /// Bytes of one field that are shown.
    package var byteLimit = 256
    /// Values of a column in the log that are shown.
    package var valueLimit = 16

    package init() {}
}

/// Any file of a store as commented hex, in the form of the examples in `formats/`.
///
/// It tells what the bytes say and what is wrong with them, and goes on behind damage as far as
/// lengths can be known. Nothing is changed, nothing else of the store is looked at, and memory is
/// bounded by the largest part of a file that has one checksum.
package enum Inspection {
    /// Files beyond this many bytes are listed part by part.
    private static let briefByteCount: UInt64 = 64 << 10

    /// Lists a file, and gives how many problems were met.
    package static func inspect(
        _ path: String, in fileSystem: any FileSystem, _ options: InspectionOptions,
        output: @escaping (String) -> Void
    ) throws(StorageError) -> Int {
        let file = try fileSystem.open(path, .read)
        let byteCount = try file.byteCount()
        let listing = HexListing(
            byteLimit: options.byteLimit, valueLimit: options.valueLimit,
            isBrief: options.isBrief ?? (byteCount > briefByteCount && options.block == nil),
            output: output)
        let part = InspectedFile(file: file, byteCount: byteCount, listing: listing)
        let first = try part.read(at: 0, count: 8)
        switch Kind(magic: first) ?? Kind(path: path) {
        case .identity: try IdentityInspection.run(part)
        case .manifest: try ManifestInspection.run(part)
        case .log: try LogInspection.run(part)
        case .segment: try SegmentInspection.run(part, options)
        case .series: try SeriesInspection.run(part)
        case .backup: try SmallFileInspection.backup(part)
        case .reserve: SmallFileInspection.reserve(part)
        case .lock: try SmallFileInspection.lock(part)
        case .reason: try SmallFileInspection.reason(part)
        case nil:
            let bytes = try part.read(at: 0, count: options.byteLimit)
            listing.heading("A file of \(byteCount) bytes")
            listing.field(bytes[...], at: 0, "", indent: 0)
            listing.problem("no file of a store begins like this", at: 0)
        }
        return listing.problemCount
    }

    /// What a file is: by its first bytes, or, where those are damaged, by its name.
    private enum Kind {
        case identity, manifest, log, segment, series, backup, reserve, lock, reason

        init?(magic: [UInt8]) {
            guard magic.count == 8 else { return nil }
            if magic.littleEndian(at: 0, 8) == SeriesCheckpoint.magic {
                self = .series
                return
            }
            switch magic {
            case StoreIdentity.magic: self = .identity
            case ManifestFile.magic: self = .manifest
            case LogFormat.magic: self = .log
            case SegmentFormat.magicBytes: self = .segment
            case BackupFile.magic: self = .backup
            default: return nil
            }
        }

        init?(path: String) {
            let name = String(path.split(separator: "/").last ?? "")
            // Ahead of the rest: the reason for a file bears that file's name.
            if name.hasSuffix(FileNames.reasonSuffix) {
                self = .reason
            } else if name == FileNames.reserve {
                self = .reserve
            } else if name == FileNames.lock {
                self = .lock
            } else if name == FileNames.backup || name == FileNames.restore {
                self = .backup
            } else if name.hasSuffix(".idx") {
                self = .series
            } else if name.hasPrefix(FileNames.identity) {
                self = .identity
            } else if name.hasPrefix("MANIFEST-") {
                self = .manifest
            } else if name.hasSuffix(".log") {
                self = .log
            } else if name.hasSuffix(".seg") {
                self = .segment
            } else {
                return nil
            }
        }
    }
}

/// A file that is listed: bytes as far as there are any.
struct InspectedFile {
    let file: any OpenFile
    let byteCount: UInt64
    let listing: HexListing

    /// Fewer where the file ends before.
    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        if offset >= byteCount { return [] }
        return try file.read(at: offset, count: Int(min(UInt64(count), byteCount - offset)))
    }

    /// Lists a part whose last 8 bytes are its checksum; `fields` reads up to there. Whether the
    /// checksum is right.
    @discardableResult
    func sealed(
        _ bytes: [UInt8], at base: UInt64, salt: UInt64, indent: Int = 0,
        _ fields: (inout FieldReader) throws(FormatError) -> Void
    ) -> Bool {
        let end = bytes.count - 8
        guard end >= 0 else {
            var reader = FieldReader(bytes, at: base, listing)
            reader.fail(FormatError("\(bytes.count) bytes: the file ends here", at: 0))
            return false
        }
        var reader = FieldReader(bytes, at: base, end: end, listing)
        reader.indent = indent
        do throws(FormatError) {
            try fields(&reader)
            if !reader.isAtEnd {
                throw FormatError("\(reader.remaining) bytes more than expected", at: reader.offset)
            }
        } catch { reader.fail(error) }
        return checksum(bytes, 0..<end, at: base, salt: salt)
    }

    /// Lists the checksum behind `covered` and says whether it is right.
    @discardableResult
    func checksum(
        _ bytes: [UInt8], _ covered: Range<Int>, at base: UInt64, salt: UInt64
    ) -> Bool {
        let place = base + UInt64(covered.upperBound)
        let stored = bytes[covered.upperBound..<min(bytes.count, covered.upperBound + 8)]
        let found = unsafe Checksum.of(
            bytes.span.bytes.extracting(covered), salt: salt,
            offset: base &+ UInt64(covered.lowerBound))
        let expected = (0..<8).map { UInt8(truncatingIfNeeded: found >> UInt64(8 * $0)) }
        let isRight = stored.elementsEqual(expected)
        listing.field(stored, at: place, "checksum", indent: 0)
        if !isRight {
            listing.problem(
                "the checksum differs: the bytes have "
                    + expected.map(HexListing.hex).joined(separator: " "), at: place)
        }
        return isRight
    }
}
