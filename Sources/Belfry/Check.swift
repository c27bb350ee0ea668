import BelfryStorage

/// What `Database.check` found: lines for people, and problems, each with its place.
public struct CheckReport: Sendable {
    /// What is wrong in one place.
    public struct Problem: Sendable, Hashable {
        /// Within the database's folder.
        public let file: String
        public let offset: UInt64?
        public let message: String
    }

    /// What was looked at, and what recovery mended when the store was opened.
    public let lines: [String]
    /// Damage; empty where every checksum and every promise holds.
    public let problems: [String]
    /// The same, with places apart.
    public let places: [Problem]
    /// What recovery mended, and files that nothing lists.
    public let notes: [String]
    public let segmentCount: Int
    public let segmentRowCount: UInt64
    public let logRecordCount: Int
    public let logRowCount: Int
    public let byteCount: UInt64

    init(_ report: BelfryStorage.CheckReport) {
        var lines = report.notes
        lines.append(
            "\(report.segmentCount) segments with \(report.segmentRowCount) rows, "
                + "\(report.logRecordCount) log records with \(report.logRowCount) rows, "
                + "\(report.byteCount) bytes")
        if report.problems.isEmpty { lines.append("every checksum and every promise holds") }
        self.lines = lines
        problems = report.problems.map(\.description)
        places = report.problems.map {
            Problem(file: $0.file, offset: $0.offset, message: $0.message)
        }
        notes = report.notes
        segmentCount = report.segmentCount
        segmentRowCount = report.segmentRowCount
        logRecordCount = report.logRecordCount
        logRowCount = report.logRowCount
        byteCount = report.byteCount
    }
}

extension Database {
    /// Verifies every checksum and every promise of the files.
    public func check() -> CheckReport { CheckReport(store.check()) }

    /// The same for a folder that nobody writes to, without changing a byte of it.
    ///
    /// - Throws: `BelfryError` where it cannot be opened at all.
    public static func check(_ path: String) throws(BelfryError) -> CheckReport {
        var options = DatabaseOptions()
        options.isReadOnly = true
        return try open(path, options: options).check()
    }
}
