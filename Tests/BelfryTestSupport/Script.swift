/// A test script in sqllogictest's dialect, cut into steps.
///
/// ```
/// # A comment.
/// statement ok
/// CREATE TABLE t (a BIGINT)
///
/// statement error 42P01
/// SELECT * FROM missing
///
/// query IT rowsort
/// SELECT a, 'x' FROM t
/// ----
/// 1  x
/// ```
///
/// A blank line ends a step. The word behind `error` is a part of the error's text; in place of it
/// the whole text may stand below `----`. The letters behind `query` are the columns' types (see
/// `ScriptRunner`). Beyond the dialect: `plan` (a query whose plan is expected), `load FILE` (runs
/// the statements of a file beside the script), `reopen`, `flush` and `compact`.
package struct Script: Sendable {
    package enum Verb: Sendable, Equatable {
        case ok
        /// What the error's text must hold; nil where it is given whole.
        case error(String?)
        case query(types: String, isSorted: Bool)
        case plan
        case load(String)
        case reopen
        case flush
        case compact
    }

    package struct Step: Sendable {
        package let verb: Verb
        /// The number of the verb's line, from 1.
        package let lineNumber: Int
        package var sql = ""
        /// The lines below `----`, as indexes into the script's lines; nil without it.
        package var expected: Range<Int>?
    }

    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package let lines: [String]
    package private(set) var steps: [Step] = []

    package init(_ text: String) throws(Malformed) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var index = 0
        while index < lines.count {
            if lines[index].isEmpty || lines[index].hasPrefix("#") {
                index += 1
                continue
            }
            steps.append(try step(at: &index))
        }
    }

    /// One step; the index goes to the line behind it.
    private func step(at index: inout Int) throws(Malformed) -> Step {
        var step = Step(verb: try verb(of: lines[index]), lineNumber: index + 1)
        index += 1
        var sql: [String] = []
        while index < lines.count, !lines[index].isEmpty, lines[index] != "----" {
            sql.append(lines[index])
            index += 1
        }
        step.sql = sql.joined(separator: "\n")
        if index < lines.count, lines[index] == "----" {
            let start = index + 1
            while index < lines.count, !lines[index].isEmpty { index += 1 }
            step.expected = start..<index
        }
        switch step.verb {
        case .query, .plan, .error(nil):
            if step.expected == nil {
                throw Malformed(description: "line \(step.lineNumber): no ---- below the statement")
            }
        case .ok, .error, .load, .reopen, .flush, .compact:
            if step.expected != nil {
                throw Malformed(description: "line \(step.lineNumber): nothing to expect here")
            }
        }
        return step
    }

    private func verb(of line: String) throws(Malformed) -> Verb {
        let words = line.split(separator: " ")
        switch (words.first, words.count > 1 ? words[1] : nil) {
        case ("statement", "ok") where words.count == 2: return .ok
        case ("statement", "error"):
            return words.count == 2
                ? .error(nil) : .error(words[2...].joined(separator: " "))
        case ("query", let types?) where words.count == 2:
            return .query(types: String(types), isSorted: false)
        case ("query", let types?) where words.count == 3 && words[2] == "rowsort":
            return .query(types: String(types), isSorted: true)
        case ("load", let file?) where words.count == 2: return .load(String(file))
        case ("plan", nil): return .plan
        case ("reopen", nil): return .reopen
        case ("flush", nil): return .flush
        case ("compact", nil): return .compact
        default: throw Malformed(description: "no step begins with \"\(line)\"")
        }
    }
}
