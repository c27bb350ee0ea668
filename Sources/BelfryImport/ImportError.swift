/// Why an import could not go on: the place and what was expected there.
///
/// A record that is refused is no error but a problem in the report; errors are a missing file, a
/// wrong column, damaged compression, too many refused records, and what the store throws.
package struct ImportError: Error, Sendable, Hashable, CustomStringConvertible {
    package let file: String?
    package let line: Int?
    package let message: String
    package let hint: String?

    package init(_ message: String, file: String? = nil, line: Int? = nil, hint: String? = nil) {
        self.file = file
        self.line = line
        self.message = message
        self.hint = hint
    }

    package var description: String {
        var text = ""
        if let file { text += file + ": " }
        if let line { text += "line \(line): " }
        text += message
        if let hint { text += "\nhint: " + hint }
        return text
    }
}
