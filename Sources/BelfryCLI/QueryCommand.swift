import ArgumentParser
import Belfry

/// `belfry query`: statements from the command line or standard input.
struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Run statements and print their results.",
        discussion: """
            Statements that only read run beside a process that has the database open for writing, \
            and see what it has written so far.

            EXAMPLES
              belfry query city "SELECT count(*) FROM traffic"
              belfry query city "SELECT * FROM traffic LATEST BY (sensor)" --format csv
              belfry query city - < schema.sql
            """)

    @Argument(
        help: "The folder of the database; made where there is none and a statement needs one.")
    var path: String

    @Argument(help: "One or more statements; - reads them from standard input.")
    var sql: String

    @Option(help: "table, csv, json, ndjson, markdown or chart.")
    var format: ResultFormat = .table

    @Option(name: .customLong("time-zone"), help: "The session's TimeZone; UTC unless said.")
    var timeZone: String?

    @Option(
        name: .customLong("set"),
        help: "A parameter for :name in the statements, as NAME=VALUE; may be repeated.")
    var parameters: [String] = []

    @OptionGroup var profile: ProfileOptions

    @Flag(
        name: .customLong("read-only"),
        help: "Refuse statements that change something; make no database.")
    var isReadOnly = false

    func run() throws {
        let text = sql == "-" ? try StandardInput.text() : sql
        let isNothing = CommandDatabase.isNothing(path)
        let database = try CommandDatabase.open(
            path, for: text, isReadOnly: isReadOnly, profile: profile)
        if isNothing && !CommandDatabase.changesSomething(text) {
            Terminal.writeError("notice: \(path): no store is here, and none is made to be read")
        }
        let session = database.session()
        try CommandDatabase.setTimeZone(timeZone, of: session)
        let named = try ParameterText.values(parameters)
        let output = StandardOutput()
        do throws(BelfryError) {
            try session.run(script: text, named: named) { (result) throws(BelfryError) in
                let early = result.warnings
                for warning in early { Terminal.writeError("notice: \(warning)") }
                _ = try format.write(result, to: output)
                // What only the rows told: damage that was passed over.
                for warning in result.warnings.dropFirst(early.count) {
                    output.flush()
                    Terminal.writeError("notice: \(warning)")
                }
                if result.columns.isEmpty { Terminal.writeError(result.commandTag) }
            }
        } catch {
            output.flush()
            throw CommandFailure(error.description)
        }
        output.flush()
        try CommandDatabase.close(database)
        profile.report()
    }
}

/// `NAME=VALUE` to a value: a number where it reads as one, else text.
enum ParameterText {
    static func values(_ texts: [String]) throws -> [String: Value] {
        var values: [String: Value] = [:]
        for text in texts {
            guard let split = text.firstIndex(of: "="), split != text.startIndex else {
                throw CommandFailure("--set wants NAME=VALUE, not \"\(text)\"", code: 2)
            }
            values[String(text[..<split])] = value(String(text[text.index(after: split)...]))
        }
        return values
    }

    static func value(_ text: String) -> Value {
        if let integer = Int64(text) { return .integer(integer) }
        if let double = Double(text), text.contains(where: \.isNumber) { return .double(double) }
        if text == "NULL" { return .null }
        return .text(text)
    }
}
