import ArgumentParser
import Belfry

/// `belfry shell`: asking questions at a prompt.
struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell",
        abstract: "Ask questions at a prompt.",
        discussion: """
            Statements end with a semicolon; lines that begin with a dot are commands of the shell \
            (.help lists them). Without a path the database is in memory.

            EXAMPLES
              belfry shell city
              echo "SELECT 1;" | belfry shell
            """)

    @Argument(help: "The folder of the database; in memory without one.")
    var path: String?

    @Option(help: "table, csv, json, ndjson, markdown or chart.")
    var format: ResultFormat = .table

    @OptionGroup var profile: ProfileOptions

    @Flag(
        name: .customLong("read-only"),
        help: "Only read; also where another process has the database open for writing.")
    var isReadOnly = false

    func run() throws {
        let database: Database
        if let path {
            database = try CommandDatabase.openShell(path, isReadOnly: isReadOnly, profile: profile)
        } else {
            do { database = try Database.inMemory() } catch { throw CommandFailure(error.message) }
        }
        let shell = Shell(database, name: path ?? "memory", format: format)
        let hasFailed = shell.run()
        try CommandDatabase.close(database)
        profile.report()
        if hasFailed { throw CommandFailure("a statement failed") }
    }
}
