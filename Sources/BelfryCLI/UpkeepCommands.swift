import ArgumentParser
import Belfry

/// `belfry check`: every checksum and every promise of a store, without changing a byte.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify every checksum and every promise of a database.",
        discussion: """
            Exit code 0: all is well; 3: damage was found, and where.

            EXAMPLES
              belfry check city
            """)

    @Argument(help: "The folder of the database.")
    var path: String

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: "text, or json: one object on standard output.")
    var format = Format.text

    func run() throws {
        let report: CheckReport
        do { report = try Database.check(path) } catch {
            throw CommandFailure("\(path): \(error.message)", code: error.code == "XX001" ? 3 : 1)
        }
        let output = StandardOutput()
        if format == .json {
            output.write(Self.json(report) + "\n")
            output.flush()
            if !report.problems.isEmpty { throw CommandFailure("damage was found", code: 3) }
            return
        }
        for line in report.lines { output.write(line + "\n") }
        output.flush()
        if !report.problems.isEmpty {
            for problem in report.problems { Terminal.writeError(problem) }
            throw CommandFailure(
                report.problems.count == 1
                    ? "1 problem found" : "\(report.problems.count) problems found", code: 3)
        }
    }

    private static func json(_ report: CheckReport) -> String {
        let problems = report.places.map { problem in
            "{\"file\":\(JSONText.quoted(problem.file)),\"offset\":"
                + (problem.offset.map { "\($0)" } ?? "null")
                + ",\"message\":\(JSONText.quoted(problem.message))}"
        }
        return "{\"ok\":\(report.problems.isEmpty),\"segments\":\(report.segmentCount),"
            + "\"segment_rows\":\(report.segmentRowCount),"
            + "\"log_records\":\(report.logRecordCount),\"log_rows\":\(report.logRowCount),"
            + "\"bytes\":\(report.byteCount),\"problems\":[\(problems.joined(separator: ","))],"
            + "\"notes\":[\(report.notes.map(JSONText.quoted).joined(separator: ","))]}"
    }
}

/// `belfry compact`: every partition to its final form.
struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Bring every partition into its final form.",
        discussion: """
            EXAMPLES
              belfry compact city
              belfry compact city --tier cold
            """)

    @Argument(help: "The folder of the database.")
    var path: String

    enum Tier: String, ExpressibleByArgument { case light, cold }

    @Option(help: "light: fast to read. cold: about a quarter smaller, slower to read.")
    var tier: Tier = .light

    @Flag(help: "Keep replaced files a while, for statements that run in other processes.")
    var keepReplaced = false

    @OptionGroup var profile: ProfileOptions

    func run() throws {
        let database = try CommandDatabase.open(path, mustExist: true, profile: profile)
        do {
            try database.compact(
                tier: tier == .cold ? .cold : .light, removesReplaced: !keepReplaced)
        } catch {
            throw CommandFailure(error.message)
        }
        try CommandDatabase.close(database)
        profile.report()
    }
}

/// `belfry upgrade`: a store of an older format version becomes one of today's.
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Make a database of an older format version one of today's.",
        discussion: """
            Until then such a database is read and not written. Older programs cannot open it \
            afterwards; take a backup before.

            EXAMPLES
              belfry upgrade city
            """)

    @Argument(help: "The folder of the database.")
    var path: String

    func run() throws {
        let database = try CommandDatabase.open(path, mustExist: true, upgradesFormat: true)
        let versions = database.formatVersions
        try CommandDatabase.close(database)
        let output = StandardOutput()
        output.write(
            versions.opened < versions.current
                ? "upgraded from format version \(versions.opened) to \(versions.current)\n"
                : "nothing to do: the format version is \(versions.opened) already\n")
        output.flush()
    }
}
