import ArgumentParser
import Belfry

/// `belfry recover`: a damaged store becomes one that opens.
struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Make a damaged database one that opens, with all that is left of it.",
        discussion: """
            The manifest is rebuilt from segments and log where it is damaged or gone; a damaged \
            segment is written anew without the blocks that cannot be read; a damaged log is \
            salvaged. Nothing is deleted: what is no longer used goes to the folder quarantine.

            Exit code 0: nothing was wrong, or all rows were kept; 3: rows are lost, and which.

            EXAMPLES
              belfry recover city --dry-run
              belfry recover city
            """)

    @Argument(help: "The folder of the database.")
    var path: String

    @Flag(name: .customLong("dry-run"), help: "Tell what would be done, and change nothing.")
    var isDryRun = false

    func run() throws {
        let report: RecoverReport
        do {
            report = try Database.recover(path, isDryRun: isDryRun)
        } catch { throw CommandFailure("\(path): \(error.message)") }
        let output = StandardOutput()
        for line in report.findings { output.write("found: \(line)\n") }
        for line in report.steps { output.write("\(isDryRun ? "would do" : "done"): \(line)\n") }
        for line in report.notes { output.write("note: \(line)\n") }
        if !report.isNeeded { output.write("manifest and segments are whole\n") }
        output.flush()
        if !report.losses.isEmpty {
            for line in report.losses { Terminal.writeError(line) }
            throw CommandFailure("rows are lost", code: 3)
        }
    }
}
