import ArgumentParser

/// The command line: a subcommand a file.
///
/// Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 the
/// command failed, 2 it was called wrongly, 3 `check` found damage. A closed pipe is no error.
@main
struct BelfryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "belfry",
        abstract: "A time-series store with SQL for the readings of a city.",
        discussion: """
            EXAMPLES
              belfry generate town --profile S town
              belfry query city.belfry "$(cat town/schema.sql)"
              belfry import city.belfry town/traffic.csv --table traffic
              belfry query city.belfry "SELECT bucket, avg(speed) FROM traffic SAMPLE BY '1 hour'"
              belfry shell city.belfry
            """,
        version: BelfryVersion.text,
        subcommands: [
            ShellCommand.self, QueryCommand.self, ImportCommand.self, GenerateCommand.self,
            CheckCommand.self, InspectCommand.self, SizesCommand.self, RecoverCommand.self,
            CompactCommand.self, BackupCommand.self, RestoreCommand.self, UpgradeCommand.self,
        ])

    static func main() {
        Terminal.ignoreClosedPipes()
        do {
            // SQL may begin with a comment; no option holds a space.
            let arguments = CommandLine.arguments.dropFirst().map {
                $0.hasPrefix("--") && $0.contains(where: \.isWhitespace) ? " " + $0 : $0
            }
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch let failure as CommandFailure {
            Terminal.writeError("belfry: \(failure.message)")
            Terminal.exit(failure.code)
        } catch {
            // Wrong calls, and what `--help` and `--version` print.
            let code = exitCode(for: error)
            if code.isSuccess { exit(withError: error) }
            Terminal.writeError(fullMessage(for: error))
            Terminal.exit(2)
        }
    }
}

/// The version of program and library.
enum BelfryVersion {
    static let text = "0.1.0"
}

/// A command that failed: what to say, and the exit code.
struct CommandFailure: Error {
    let message: String
    let code: Int32

    init(_ message: String, code: Int32 = 1) {
        self.message = message
        self.code = code
    }
}
