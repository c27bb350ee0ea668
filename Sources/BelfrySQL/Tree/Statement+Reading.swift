/// Which statements a database that is open for reading only can run.
extension Statement {
    /// Whether it changes nothing in a database: one that is open for reading only will do.
    package var onlyReads: Bool {
        switch self {
        case .query, .set, .reset, .show, .describe, .summarize: true
        case .explain(let explain): !explain.isAnalyze || explain.statement.onlyReads
        default: false
        }
    }

    /// Whether it asks how the store fares for its writer: a reader cannot tell as much.
    package var asksTheWriter: Bool {
        guard case .show(.report(let report, _)) = self else { return false }
        return !report.isByTable
    }
}
