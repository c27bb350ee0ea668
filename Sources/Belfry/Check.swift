import BelfryStorage

/// What `Database.check` found: lines for people, and problems, each with its place.
public struct CheckReport: Sendable {
    /// What was looked at, and what recovery mended when the store was opened.
    public let lines: [String]
    /// Damage; empty where every checksum and every promise holds.
    public let problems: [String]

    init(_ report: BelfryStorage.CheckReport) {
        var lines = report.notes
        lines.append(
            "\(report.segmentCount) segments with \(report.segmentRowCount) rows, "
                + "\(report.logRecordCount) log records with \(report.logRowCount) rows, "
                + "\(report.byteCount) bytes")
        if report.problems.isEmpty { lines.append("every checksum and every promise holds") }
        self.lines = lines
        problems = report.problems.map(\.description)
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
