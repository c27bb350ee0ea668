import Belfry
import BelfrySQL
import Glibc

/// The loop of the shell: read until a statement is whole, run it, show it, go on after errors.
final class Shell {
    let database: Database
    let session: Session
    var format: ResultFormat
    var showsTime = true
    var named: [String: Value] = [:]
    var isDone = false
    let output = StandardOutput()
    private let name: String
    private let isInteractive: Bool
    private var reader: LineReader
    private var hasFailed = false

    init(_ database: Database, name: String, format: ResultFormat) {
        self.database = database
        self.name = name
        self.format = format
        session = database.session()
        isInteractive = Terminal.isTerminal(STDIN_FILENO) && Terminal.isTerminal(STDOUT_FILENO)
        reader = LineReader(isInteractive: isInteractive)
    }

    /// Until the end of input or .quit; says whether a statement of a script failed.
    func run() -> Bool {
        if isInteractive {
            output.write("Belfry \(BelfryVersion.text), \(name). .help for help, .quit to leave.\n")
            output.flush()
        }
        var statement = ""
        while !isDone {
            reader.words = completionWords()
            switch reader.readLine(prompt: statement.isEmpty ? "belfry> " : "   ...> ") {
            case .line(let line):
                if statement.isEmpty && line.first == "." {
                    DotCommand.run(line, in: self)
                } else if statement.isEmpty && StatementSplitter.isBlank(line) {
                    continue
                } else {
                    statement += line + "\n"
                    if StatementSplitter.isComplete(statement) {
                        runStatements(statement)
                        statement = ""
                    }
                }
            case .interrupted:
                statement = ""
            case .end:
                isDone = true
            }
            output.flush()
        }
        if !StatementSplitter.isBlank(statement) { runStatements(statement) }
        output.flush()
        if isInteractive { output.write("\n") }
        output.flush()
        return hasFailed && !isInteractive
    }

    func runStatements(_ sql: String) {
        let clock = ContinuousClock()
        var start = clock.now
        do throws(BelfryError) {
            try session.run(script: sql, named: named) { (result) throws(BelfryError) in
                let early = result.warnings
                for warning in early { Terminal.writeError("notice: \(warning)") }
                _ = try format.write(result, to: output)
                // What only the rows told: damage that was passed over.
                for warning in result.warnings.dropFirst(early.count) {
                    output.flush()
                    Terminal.writeError("notice: \(warning)")
                }
                if result.columns.isEmpty && isInteractive {
                    output.write(result.commandTag + "\n")
                }
                if isInteractive && showsTime {
                    output.write("Time: \(Self.text(start.duration(to: clock.now)))\n")
                }
                start = clock.now
            }
        } catch {
            output.flush()
            Terminal.writeError(error.description)
            hasFailed = true
        }
    }

    func say(_ text: String) { output.write(text + "\n") }

    func complain(_ text: String) {
        output.flush()
        Terminal.writeError(text)
        hasFailed = true
    }

    private func completionWords() -> [String] {
        guard isInteractive else { return [] }
        let tables = database.tables
        return tables.map(\.name) + tables.flatMap { $0.columns.map(\.name) }
    }

    private static func text(_ duration: Duration) -> String {
        let milliseconds =
            Double(duration.components.seconds) * 1_000
            + Double(duration.components.attoseconds) / 1e15
        let tenths = (milliseconds * 10).rounded() / 10
        return "\(tenths) ms"
    }
}
