/// The truth folder: what was planted, and what an answer must add up to.
struct TruthFiles: Sendable {
    private var series = TextBuffer()
    private var gaps = TextBuffer()
    private var digests = ""
    private var others: [(name: String, text: String)] = []

    init() {
        series.append("table,series,field,count,sum,min,max,first,last\n")
        gaps.append("table,name,cause,from,to,rows\n")
    }

    mutating func add(_ truth: SeriesTruth, _ digest: TableDigest) {
        digests += digest.text(truth.table.name)
        addSeries(truth)
        for gap in truth.gaps {
            gaps.append("\(truth.table.name),\(gap.name),\(quoted(gap.cause)),")
            gaps.time(gap.from)
            gaps.comma()
            gaps.time(gap.to)
            gaps.append(",\(gap.rows)\n")
        }
    }

    mutating func add(_ table: String, _ digest: TableDigest) { digests += digest.text(table) }

    mutating func add(_ name: String, _ text: String) { others.append((name, text)) }

    func files(_ summary: TownSummary) -> [(name: String, text: String)] {
        var counts = "table,series,offered,unique,duplicates,late,lost,silent,values\n"
        for table in summary.tables {
            counts += "\(table.name),\(table.series),\(table.offered),\(table.unique),"
            counts += "\(table.duplicates),\(table.late),\(table.lost),\(table.silent),"
            counts += "\(table.values)\n"
        }
        return [
            ("truth/counts.csv", counts),
            ("truth/series.csv", String(decoding: series.bytes, as: UTF8.self)),
            ("truth/gaps.csv", String(decoding: gaps.bytes, as: UTF8.self)),
            ("truth/digest.txt", digests),
            ("truth/couplings.csv", Couplings.text),
        ] + others
    }

    /// A line for the times of each series (`time`), and one for each field that is a number.
    private mutating func addSeries(_ truth: SeriesTruth) {
        let fields = truth.table.fields
        for sensor in truth.sites.indices where truth.rows[sensor] > 0 {
            begin(truth, sensor, "time")
            series.append(",\(truth.rows[sensor]),,")
            series.time(truth.firstTimes[sensor])
            series.comma()
            series.time(truth.lastTimes[sensor])
            series.comma()
            series.time(truth.firstTimes[sensor])
            series.comma()
            series.time(truth.lastTimes[sensor])
            series.line()
            for (number, field) in fields.enumerated() where field.words.isEmpty {
                let figures = truth.figures[sensor * fields.count + number]
                guard figures.count > 0 else { continue }
                begin(truth, sensor, field.name)
                series.append(",\(figures.count)")
                let values = [
                    figures.sum, figures.least, figures.most, figures.first, figures.last,
                ]
                for value in values {
                    series.comma()
                    series.decimal(value, decimals: field.decimals)
                }
                series.line()
            }
        }
    }

    private mutating func begin(_ truth: SeriesTruth, _ sensor: Int, _ field: String) {
        series.append("\(truth.table.name),")
        series.append(truth.sites[sensor].name)
        series.append(",\(field)")
    }

    private func quoted(_ text: String) -> String {
        text.utf8.contains(UInt8(ascii: ",")) ? "\"\(text)\"" : text
    }
}
