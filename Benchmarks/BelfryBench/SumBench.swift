import Belfry

/// Sums and filters over a table of tens of millions of rows, with the statistics of strips and
/// without them.
///
/// The table is the traffic of Aarhus again and again, each time 61 days later: `travel`, `speed`
/// as doubles, `minutes` as decimals of two digits, `vehicles` as integers. It is compacted before
/// the first question, and its strips lie in memory then. `Benchmarks/codec_sums.py` asks the peers
/// the same.
struct SumBench {
    private let harness = Harness()
    private let database: Database

    /// `make COLUMNS FOLDER TIMES`, then `ask FOLDER QUERIES`: apart, so that only the questions
    /// are held to one core.
    static func run(_ words: [String]) throws {
        if words.count == 4, words[0] == "make", let times = Int(words[3]),
            let columns = TrafficColumns(folder: words[1])
        {
            let database = try Database.open(words[2])
            try SumBench(database: database).make(columns, times: times)
            return try database.close()
        }
        guard words.count == 3, words[0] == "ask", let text = TextFile.read(words[2]) else {
            return print("usage: BelfryBench sums make COLUMNS FOLDER TIMES | ask FOLDER QUERIES")
        }
        var options = DatabaseOptions.readOnly
        // Everything that is asked for stays in memory.
        options.blockCacheByteCountLimit = 1 << 30
        let database = try Database.open(words[1], options: options)
        try SumBench(database: database).ask(text)
        try database.close()
    }

    private func make(_ columns: TrafficColumns, times: Int) throws {
        try database.run(
            """
            CREATE TABLE readings (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, travel DOUBLE, \
            speed DOUBLE, minutes DOUBLE, vehicles BIGINT)
            """)
        let appender = try database.appender(for: "readings")
        let step: Int64 = 61 * 86_400 * 1_000_000_000
        for time in 0..<times {
            for rows in columns.parts(of: 262_144) {
                var batch = columns.key(rows, later: Int64(time) * step)
                batch.append(("travel", columns.doubles(0, rows)))
                batch.append(("speed", columns.doubles(1, rows)))
                let minutes = columns.values[0][rows].map { ($0 / 60 * 100).rounded() / 100 }
                batch.append(("minutes", Vector(doubles: minutes)))
                batch.append(("vehicles", columns.integers(3, rows)))
                try appender.append(batch)
            }
        }
        try database.compact()
    }

    private func ask(_ text: String) throws {
        let result = try database.run("SELECT count(*) FROM readings")
        guard let batch = try result.nextBatch(),
            case .integer(let rows) = batch.vectors[0].value(0)
        else { return print("{\"error\":\"no table readings\"}") }
        for isUsed in [true, false] {
            let session = database.session()
            if !isUsed {
                do { _ = try session.run("SET use_statistics = off") } catch {
                    return print("{\"error\":\"SET use_statistics: not in this build\"}")
                }
            }
            for line in text.split(separator: "\n") where !line.hasPrefix("--") {
                let sql = String(line)
                let sum = try answer(session, sql)
                let seconds = try harness.fastest(of: 5) { _ = try answer(session, sql) }
                print(
                    "{\"peer\":\"belfry\",\"column\":\"sql\",\"what\":\"\(sql)\","
                        + "\"variant\":\"\(isUsed ? "statistics" : "decoding")\","
                        + "\"value\":\(Double(rows) / seconds),\"answer\":\"\(sum)\"}")
            }
        }
    }

    /// The one value of the one row.
    private func answer(_ session: Session, _ sql: String) throws -> String {
        let result = try session.run(sql)
        var text = ""
        while let batch = try result.nextBatch() {
            if batch.rowCount > 0, let first = batch.vectors.first { text = "\(first.value(0))" }
        }
        return text
    }
}
