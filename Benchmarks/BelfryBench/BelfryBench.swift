/// `BelfryBench aarhus DATA FOLDER QUERIES`: figures as JSON lines on standard output.
/// `BelfryBench append DATA FOLDER`: its appends alone.
/// `BelfryBench codecs`: speeds of strips in memory.
/// `BelfryBench columns FOLDER NAME…`: strips of columns in files, see `ColumnBench`.
/// `BelfryBench sums …`: see `SumBench`.
/// `BelfryBench ingest …`: what encoding takes of ingest, see `IngestBench`.
/// `BelfryBench scale`: see `ScaleBench`.
///
/// `tools/bench` runs the first beside the peers and prints the table.
@main
struct BelfryBench {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "scale" { return try ScaleBench.run(Array(arguments.dropFirst())) }
        if arguments.first == "columns", arguments.count > 2 {
            let words = Array(arguments)
            return ColumnBench(folder: words[1]).run(Array(words[2...]))
        }
        if arguments.first == "sums" { return try SumBench.run(Array(arguments.dropFirst())) }
        if arguments.first == "ingest" {
            return try IngestBench.run(Array(arguments.dropFirst()))
        }
        if Array(arguments) == ["codecs"] {
            CodecBench.run()
            return
        }
        if arguments.first == "append", arguments.count == 3 {
            let words = Array(arguments)
            return try AarhusBench(data: words[1], folder: words[2], queries: []).runAppends()
        }
        guard arguments.count == 4, arguments.first == "aarhus" else {
            print("usage: BelfryBench aarhus DATA FOLDER QUERIES, or: BelfryBench codecs")
            return
        }
        let words = Array(arguments)
        guard let text = TextFile.read(words[3]) else {
            print("cannot read \(words[3])")
            return
        }
        try AarhusBench(data: words[1], folder: words[2], queries: queries(text)).run()
    }

    /// Statements below lines `-- name`.
    private static func queries(_ text: String) -> [(name: String, sql: String)] {
        var found: [(name: String, sql: String)] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("-- ") {
                found.append((String(line.dropFirst(3)), ""))
            } else if !found.isEmpty {
                found[found.count - 1].sql += line + "\n"
            }
        }
        return found
    }
}
