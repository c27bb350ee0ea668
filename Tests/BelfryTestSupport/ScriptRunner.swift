import Belfry
import BelfryCore
import BelfryStorage
package import Foundation

/// The ways in which every script is run: what it says must hold in each.
package enum ScriptMode: String, Sendable, CaseIterable {
    case memory
    case disk
    /// On disk, with vectors of four rows and a memtable of a few kilobytes, so that flush,
    /// compaction and the edges of vectors happen everywhere.
    case tiny
}

/// Runs a script against a database of its own and compares.
///
/// A row is a line, its cells two blanks apart. NULL is `NULL`, an empty text `(empty)`, a line
/// break in a text `\n`. Column types are letters: `T` text, `I` whole numbers, `R` doubles, `B`
/// booleans, `Z` instants, `P` wall-clock readings, `D` dates, `V` intervals, `?` any.
package struct ScriptRunner {
    /// A step whose outcome differs from what the script says.
    package struct Failure: Sendable, CustomStringConvertible {
        package let lineNumber: Int
        package let message: String

        package var description: String { "line \(lineNumber): \(message)" }
    }

    private let script: Script
    private let mode: ScriptMode
    /// Where `load` finds its files.
    private let folder: URL
    private let databaseFolder: URL
    private var database: Database
    private var session: Session
    private var failures: [Failure] = []
    /// What the steps with an expectation gave, for a rewritten script.
    private var outcomes: [Int: [String]] = [:]

    /// Runs the script at the path and gives the steps that failed.
    package static func run(_ path: URL, mode: ScriptMode) throws -> [Failure] {
        try ran(path, mode: mode).failures
    }

    /// The script's text with every expectation as it came out, in memory.
    package static func rewritten(_ path: URL) throws -> String {
        let runner = try ran(path, mode: .memory)
        var lines: [String] = []
        var nextIndex = 0
        for (index, step) in runner.script.steps.enumerated() {
            guard let range = step.expected, let outcome = runner.outcomes[index] else { continue }
            lines += runner.script.lines[nextIndex..<range.lowerBound] + outcome
            nextIndex = range.upperBound
        }
        lines += runner.script.lines[nextIndex...]
        return lines.joined(separator: "\n")
    }

    private static func ran(_ path: URL, mode: ScriptMode) throws -> ScriptRunner {
        let script = try Script(try String(contentsOf: path, encoding: .utf8))
        let name = "belfry-script-\(UUID().uuidString)"
        let databaseFolder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        defer { try? FileManager.default.removeItem(at: databaseFolder) }
        var runner = try ScriptRunner(
            script, mode: mode, folder: path.deletingLastPathComponent(),
            databaseFolder: databaseFolder)
        for index in script.steps.indices { runner.run(index) }
        try runner.database.close()
        return runner
    }

    private init(_ script: Script, mode: ScriptMode, folder: URL, databaseFolder: URL) throws {
        self.script = script
        self.mode = mode
        self.folder = folder
        self.databaseFolder = databaseFolder
        database = try Self.open(databaseFolder, mode: mode)
        session = database.session()
    }

    private static func open(_ folder: URL, mode: ScriptMode) throws -> Database {
        switch mode {
        case .memory: try Database.inMemory()
        case .disk: try Database.open(folder.path)
        case .tiny: try Database.open(folder.path, options: DatabaseOptions(StoreOptions.tiny))
        }
    }

    // MARK: - Steps

    private mutating func run(_ index: Int) {
        let step = script.steps[index]
        do {
            switch step.verb {
            case .ok: _ = try session.run(step.sql).rows()
            case .error(let part): expectError(of: step, at: index, holding: part)
            case .query(let types, let isSorted):
                let result = try session.run(step.sql)
                var rows = try Self.lines(of: result)
                let found = String(result.columns.map { Self.letter(of: $0.type) })
                if !Self.matches(found, types) { fail(step, "columns are \(found), not \(types)") }
                if isSorted { rows.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
                compare(rows, step, at: index)
            case .plan:
                let result = try session.run("EXPLAIN \(step.sql)")
                compare(try Self.lines(of: result), step, at: index)
            case .load(let file):
                let path = folder.appendingPathComponent(file)
                _ = try session.run(try String(contentsOf: path, encoding: .utf8)).rows()
            case .reopen: try reopen()
            case .flush: try database.flush()
            case .compact: try database.compact()
            }
        } catch {
            fail(step, "\(error)")
        }
    }

    private mutating func expectError(
        of step: Script.Step, at index: Int, holding part: String?
    ) {
        do throws(BelfryError) {
            _ = try session.run(step.sql).rows()
            fail(step, "no error")
        } catch {
            if let part {
                if !error.description.contains(part) { fail(step, error.description) }
            } else {
                let text = error.description.split(separator: "\n").map(String.init)
                compare(text, step, at: index)
            }
        }
    }

    /// A new session, and where there is a folder the database opened anew.
    private mutating func reopen() throws {
        if mode != .memory {
            try database.close()
            database = try Self.open(databaseFolder, mode: mode)
        }
        session = database.session()
    }

    private mutating func compare(_ found: [String], _ step: Script.Step, at index: Int) {
        outcomes[index] = found
        let expected = step.expected.map { Array(script.lines[$0]) } ?? []
        if found.elementsEqual(expected, by: { $0.utf8.elementsEqual($1.utf8) }) { return }
        fail(
            step,
            "expected\n\(expected.joined(separator: "\n"))\nfound\n"
                + found.joined(separator: "\n"))
    }

    private mutating func fail(_ step: Script.Step, _ message: String) {
        failures.append(
            Failure(lineNumber: step.lineNumber, message: "\(step.sql)\n\(message)"))
    }

    // MARK: - Values

    private static func lines(of result: Result) throws(BelfryError) -> [String] {
        let zone = result.timeZone
        return try result.rows().map { row in
            var line = row.map { text(of: $0, in: zone) }.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line.isEmpty ? "(no columns)" : line
        }
    }

    private static func text(of value: Value, in zone: TimeZoneRules) -> String {
        switch value {
        case .null: return "NULL"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return "\(value)"
        case .double(let value): return NumberText.text(value)
        case .text(let text):
            return text.isEmpty ? "(empty)" : text.replacingOccurrences(of: "\n", with: "\\n")
        case .timestamptz(let time): return time.text(in: zone)
        case .timestamp(let time):
            var bytes: [UInt8] = []
            Timestamp.appendText(ofWall: time.nanoseconds, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        case .date(let day):
            var bytes: [UInt8] = []
            BelfryCore.Calendar.appendText(ofDay: day, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        case .interval(let interval): return interval.description
        }
    }

    private static func letter(of type: DataType) -> Character {
        switch type {
        case .unknown: "?"
        case .boolean: "B"
        case .smallint, .integer, .bigint: "I"
        case .double: "R"
        case .text: "T"
        case .timestamptz: "Z"
        case .timestamp: "P"
        case .date: "D"
        case .interval: "V"
        }
    }

    private static func matches(_ found: String, _ types: String) -> Bool {
        found.count == types.count && zip(found, types).allSatisfy { $0 == $1 || $1 == "?" }
    }
}
