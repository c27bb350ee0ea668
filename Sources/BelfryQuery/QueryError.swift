package import BelfrySQL
package import BelfryStorage

/// The ways a query fails, with SQLSTATE, place and advice.
package struct QueryError: Error, Sendable, CustomStringConvertible {
    /// PostgreSQL's SQLSTATE where it has one.
    package let code: String
    /// What is wrong and what was expected, a sentence without a full stop.
    package let message: String
    /// Where in the statement; nil where no word of it is to blame.
    package let span: SourceSpan?
    package let hint: String?

    package init(_ code: String, _ message: String, at span: SourceSpan? = nil, hint: String? = nil)
    {
        self.code = code
        self.message = message
        self.span = span
        self.hint = hint
    }

    package init(_ error: SyntaxError) {
        self.init(error.sqlState, error.message, at: error.span, hint: error.hint)
    }

    package init(_ error: StorageError) {
        let code =
            switch error.code {
            case .input: "58030"
            case .damaged: "XX001"
            case .unsafeFileSystem: "0A000"
            case .locked: "55006"
            case .missing: "58P01"
            case .unsupportedFormat: "0A000"
            case .limit: "54000"
            case .seriesLimit: "53200"
            case .diskFull: "53100"
            case .poisoned: "58030"
            case .superseded: "72000"
            case .readOnly: "25006"
            case .duplicate: "23505"
            case .catalog: "42P07"
            case .noSuchTable: "42P01"
            case .noSuchColumn: "42703"
            case .timeOutOfRange: "22008"
            }
        self.init(code, error.description)
    }

    package var description: String { message }

    // The commonest ones, so that their words are the same everywhere.
    package static func notSupported(_ what: String, at span: SourceSpan?) -> QueryError {
        QueryError("0A000", "\(what) is not supported yet", at: span)
    }

    package static func typeMismatch(_ message: String, at span: SourceSpan?, hint: String? = nil)
        -> QueryError
    {
        QueryError("42804", message, at: span, hint: hint)
    }
}
