/// One writing of a town: what has been counted so far, and the truth to be written at the end.
struct TownRun {
    private(set) var summary = TownSummary()
    private let calendar: TownCalendar
    private let expectedRows: Int
    private var truth = TruthFiles()

    /// Text is handed on in pieces of about this size.
    private static let pieceSize = 1 << 16

    init(calendar: TownCalendar, expectedRows: Int) {
        self.calendar = calendar
        self.expectedRows = expectedRows
    }

    /// Writes a table of readings.
    mutating func write<Source: Domain, Sink: TownSink>(
        _ readings: ReadingStream<Source>, into sink: inout Sink,
        progress: (TownProgress) -> Void
    ) throws(Sink.Failure) {
        let table = Source.table
        var stream = readings
        var writer = ReadingWriter(
            table: table, sites: stream.source.sites, calendar: calendar)
        var chunk = ReadingChunk(fieldCount: table.fields.count)
        let before = summary.rows
        while stream.next(into: &chunk) {
            writer.write(chunk)
            if writer.text.count >= TownRun.pieceSize {
                try sink.append(writer.text.bytes, to: "\(table.name).csv")
                writer.removeText()
                progress(
                    TownProgress(
                        table: table.name, rows: before + writer.offered,
                        expectedRows: expectedRows))
            }
        }
        try sink.append(writer.text.bytes, to: "\(table.name).csv")
        let figures = stream.truth
        summary.tables.append(
            TownSummary.Table(
                name: table.name, series: figures.sites.count, offered: writer.offered,
                unique: figures.rowCount, duplicates: writer.repeated, late: writer.late,
                lost: figures.lostCount, silent: figures.silentRows,
                values: figures.figures.reduce(0) { $0 + $1.count },
                digest: writer.digest.file))
        truth.add(figures, writer.digest)
        for file in stream.source.truthFiles(figures) { truth.add(file.name, file.text) }
        progress(
            TownProgress(table: table.name, rows: summary.rows, expectedRows: expectedRows))
    }

    /// Writes a table of happenings, day by day; `tags` are the columns that make its series.
    mutating func write<Sink: TownSink>(
        _ name: String, header: String, tags: [Int], into sink: inout Sink,
        linesOfDay: (Int) -> [(time: Int, line: [UInt8])]
    ) throws(Sink.Failure) {
        var text = TextBuffer()
        text.append(header)
        text.line()
        var digest = TableDigest(calendar: calendar)
        var rows = 0
        var values = 0
        var series: Set<[[UInt8]]> = []
        for day in 0..<calendar.dayCount {
            for (time, line) in linesOfDay(day) {
                let begin = text.count
                text.append(line)
                digest.add(text.bytes, from: begin, time: time, isNew: true)
                text.line()
                rows += 1
                let cells = line.split(separator: UInt8(ascii: ","))
                values += cells.count - 1 - tags.count
                series.insert(tags.map { Array(cells[$0]) })
            }
            try sink.append(text.bytes, to: "\(name).csv")
            text.removeAll()
        }
        summary.tables.append(
            TownSummary.Table(
                name: name, series: series.count, offered: rows, unique: rows, duplicates: 0,
                late: 0, lost: 0, silent: 0, values: values, digest: digest.file))
        truth.add(name, digest)
    }

    /// Writes the truth folder.
    func finish<Sink: TownSink>(into sink: inout Sink) throws(Sink.Failure) {
        for file in truth.files(summary) {
            try sink.append(Array(file.text.utf8), to: file.name)
        }
    }
}
