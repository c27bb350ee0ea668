import BelfryCore

@testable import BelfryCodecs
@testable import BelfryStorage

/// One function for each format. An input is read as it is, and once more with its checksums put
/// right, so that what stands behind them is met. Every form is an error or an answer; whoever
/// traps, hangs or takes more memory than its limit has a fault.
enum FuzzTargets {
    /// The bytes as they are, and repaired.
    private static func each(
        _ bytes: [UInt8], _ repair: (inout [UInt8]) -> Void, _ body: ([UInt8]) -> Void
    ) {
        body(bytes)
        var repaired = bytes
        repair(&repaired)
        if repaired != bytes { body(repaired) }
    }

    private static func folder(_ path: String, _ bytes: [UInt8]) -> MemoryFileSystem {
        let fileSystem = MemoryFileSystem()
        do {
            try fileSystem.open(path, .create).write(bytes, at: 0)
        } catch { fatalError("memory refuses a file: \(error)") }
        return fileSystem
    }

    private static func inspect(_ path: String, _ fileSystem: MemoryFileSystem) {
        for isBrief in [true, false] {
            var options = InspectionOptions()
            options.isBrief = isBrief
            _ = try? Inspection.inspect(path, in: fileSystem, options) { _ in }
        }
    }

    static func identity(_ bytes: [UInt8]) {
        each(bytes, ChecksumRepair.identity) { bytes in
            _ = try? StoreIdentity.decode(bytes, file: "IDENTITY")
            inspect("IDENTITY", folder("IDENTITY", bytes))
        }
    }

    static func manifest(_ bytes: [UInt8]) {
        each(bytes, ChecksumRepair.manifest) { bytes in
            let half = bytes.count / 2
            if bytes.count >= 1024 {
                let id = Array(bytes[16..<32])
                for offset in [0, half] {
                    guard
                        let found = try? ManifestFile.decode(
                            Array(bytes[offset..<(offset + half)]), databaseID: id,
                            offset: UInt64(offset))
                    else { continue }
                    // What was read is written again to bytes that read the same.
                    let again = ManifestFile.encode(found, databaseID: id, salt: 7)
                    let copy = try? ManifestFile.decode(
                        Array(again[..<(again.count / 2)]), databaseID: id, offset: 0)
                    precondition(copy == found, "a manifest changes when it is written again")
                }
            }
            inspect("MANIFEST-1", folder("MANIFEST-1", bytes))
        }
    }

    static func series(_ bytes: [UInt8]) {
        each(bytes, ChecksumRepair.series) { bytes in
            inspect("series/1.idx", folder("series/1.idx", bytes))
            guard bytes.count >= 32 else { return }
            let id = Array(bytes[16..<32])
            // The memory that numbers take is bounded by those that were handed out.
            let limit: UInt32 = 1 << 20
            guard let found = try? SeriesCheckpoint.decode(bytes, databaseID: id, below: limit)
            else { return }
            let table = SeriesTable()
            table.load { state in
                for series in found.tables { state.load(series) }
                state.finishLoading()
            }
            for series in found.tables {
                for number in series.numbers.array(series.count) {
                    if let key = table.key(number) { _ = table.numbers(of: [key]) }
                }
            }
            // What was read is written again to bytes that read the same.
            let again = found.encoded(below: limit, databaseID: id, salt: 7)
            guard let copy = try? SeriesCheckpoint.decode(again, databaseID: id, below: limit),
                copy.sequence == found.sequence, copy.covered == found.covered,
                copy.tables.map(\.table) == found.tables.map(\.table)
            else { fatalError("a checkpoint cannot be read once it is written again") }
            for (one, other) in zip(copy.tables, found.tables) {
                precondition(
                    one.numbers.array(one.count) == other.numbers.array(other.count)
                        && (0..<one.count).allSatisfy { one.key($0) == other.key($0) },
                    "a checkpoint changes when it is written again")
            }
        }
    }

    static func log(_ bytes: [UInt8]) {
        each(bytes, ChecksumRepair.log) { bytes in
            let path = "log/1.log"
            let fileSystem = folder(path, bytes)
            inspect(path, fileSystem)
            guard bytes.count >= 32 else { return }
            do {
                var reader = try LogReader(
                    path: path, databaseID: Array(bytes[16..<32]), in: fileSystem)
                while let record = try reader.next() {
                    _ = try? LogRecord.decode(record.payload)
                }
                _ = try reader.end()
            } catch {}
        }
    }

    static func segment(_ bytes: [UInt8]) {
        each(bytes, ChecksumRepair.segment) { bytes in
            let fileSystem = folder(FileNames.segment(1), bytes)
            inspect(FileNames.segment(1), fileSystem)
            do {
                let file = try fileSystem.open(FileNames.segment(1), .read)
                let reader = try SegmentReader(
                    file, path: FileNames.segment(1), databaseID: nil)
                try? SegmentVerification.verify(reader)
                for table in reader.footer.tables where table.columns.count < 64 {
                    scan(table, reader, fileSystem)
                }
            } catch {}
        }
    }

    private static func scan(
        _ table: TableSchema, _ reader: SegmentReader, _ fileSystem: MemoryFileSystem
    ) {
        let fields = table.columns.indices.filter { table.columns[$0].role != .tag }
        for latest in [nil, 2] {
            do {
                let summary = reader.summary(byteCount: try reader.byteCount())
                var request = ScanRequest(table: table, columns: fields)
                request.latest = latest
                let sources = ScanSources(
                    runs: [], segments: [OneSegment(summary, reader, fileSystem).handle],
                    series: SeriesSet(ascending: [1], isEverything: true), tags: [],
                    cache: BlockCache(byteCountLimit: 1 << 20),
                    rowsPerVector: 1024)
                let scan = try Scan(request, sources)
                while try scan.next() != nil {}
            } catch {}
        }
    }

    /// The file under the name that its own summary gives it.
    private struct OneSegment {
        let handle: SegmentHandle

        init(
            _ summary: SegmentSummary, _ reader: SegmentReader, _ fileSystem: MemoryFileSystem
        ) {
            let path = FileNames.segment(summary.fileID)
            if path != reader.path, let bytes = try? fileSystem.readAll(reader.path),
                (try? fileSystem.exists(path)) == false
            {
                try? fileSystem.open(path, .create).write(bytes, at: 0)
            }
            handle = SegmentHandle(summary, in: fileSystem)
        }
    }

    /// Two bytes ahead of the strip: its kind, and its rows in steps of 17.
    static func strip(_ bytes: [UInt8]) {
        guard bytes.count > 3, let kind = StripKind(rawValue: bytes[0] & 3) else { return }
        var rowCount = Int(bytes[1]) | Int(bytes[2]) << 8
        each(Array(bytes[3...]), ChecksumRepair.strip) { bytes in
            // The strip's own count, where it is one, gets furthest.
            if bytes.count > 12 {
                var reader = FieldReader(
                    Array(bytes[9...]), at: 0,
                    HexListing(byteLimit: 0, valueLimit: 0, isBrief: true) { _ in })
                if let own = try? reader.varint(), own <= UInt64(Strip.rowCountLimit) {
                    rowCount = Int(own)
                }
            }
            decode(bytes, kind, rowCount)
        }
    }

    private static func decode(_ bytes: [UInt8], _ kind: StripKind, _ rowCount: Int) {
        do {
            let directory = try StripDirectory(
                bytes: bytes, kind: kind, rowCount: rowCount, salt: 0, offset: 0)
            _ = directory.codecs(kind)
            _ = directory.fields(bytes, kind)
            // What mapped strips are mapped from, all of them.
            let isMapped = bytes.count > 8 && bytes[8] & 0x20 != 0
            let strip = try StripDecoder(
                bytes: bytes, kind: kind, rowCount: rowCount, salt: 0, offset: 0,
                source: isMapped ? StripSeeds.mapSource(rowCount) : nil)
            _ = strip.statistics.doubleSummary?.total
            for vector in 0..<strip.vectorCount {
                _ = try strip.validity(of: vector)
                switch kind {
                case .integers: _ = try strip.decodeIntegers(vector)
                case .doubles: _ = try strip.decodeDoubles(vector)
                case .booleans: _ = try strip.decodeBooleans(vector)
                case .texts:
                    _ = try strip.decodeCodes(vector)
                    _ = try strip.decodeTexts(vector)
                }
            }
        } catch {}
    }
}
