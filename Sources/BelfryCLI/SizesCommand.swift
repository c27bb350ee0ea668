import ArgumentParser
import Belfry

/// `belfry sizes`: what the bytes of a database are for.
struct SizesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sizes",
        abstract: "Show what the bytes of a database are for, by table and column.",
        discussion: """
            Reads headers and directories, no values, and runs beside a process that writes. What \
            is in memory or in the log alone has no codecs yet: belfry compact brings it there.

            bits/value counts the bytes of a column's strips with every header, table and \
            dictionary they need, without statistics, checksums and lengths; "all" counts these \
            too. Values are rows that are not NULL. Codecs have their share of a column's bytes: \
            first what the integers stand for, then how they are stored.

            EXAMPLES
              belfry sizes city
              belfry sizes city --table traffic --format json
              belfry sizes city --explain
            """)

    @Argument(help: "The folder of the database.")
    var path: String

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, csv }

    @Option(help: "table, json (one object) or csv (a line for each column).")
    var format = Format.table

    @Option(help: "Only this table.")
    var table: String?

    @Flag(help: "Decode the largest strip of each column and say why it has its form.")
    var explain = false

    func run() throws {
        let database = try CommandDatabase.open(path, mustExist: true, isReadOnly: true)
        let report: SizesReport
        do { report = try database.sizes(of: table, explains: explain) } catch {
            throw CommandFailure("\(path): \(error.message)")
        }
        let output = StandardOutput()
        switch format {
        case .table: SizesText(report).write(to: output)
        case .json: output.write(SizesJSON.text(report, path: path) + "\n")
        case .csv: SizesCSV.write(report, to: output)
        }
        output.flush()
        for problem in report.problems { Terminal.writeError(problem) }
        if !report.problems.isEmpty {
            throw CommandFailure("segments could not be read; they are not counted", code: 3)
        }
        try CommandDatabase.close(database)
    }
}

/// A report of sizes for people.
private struct SizesText {
    private let report: SizesReport

    init(_ report: SizesReport) { self.report = report }

    func write(to output: StandardOutput) {
        for table in report.tables { write(table, to: output) }
        var line = "\(FigureText.grouped(report.segmentByteCount)) bytes in "
        line += "\(report.segmentCount) segment" + (report.segmentCount == 1 ? "" : "s")
        let shared = report.shared.reduce(0) { $0 + $1.byteCount }
        if shared > 0 { line += ", \(FigureText.grouped(shared)) of them shared by tables" }
        output.write(line + "\n")
        line = "\(FigureText.grouped(report.byteCount)) bytes in the folder"
        if let each = report.bytesPerRow, let rest = report.bytesPerRowWithoutReserve {
            line += ", \(FigureText.fixed(each)) bytes a row"
            if rest < each { line += " (\(FigureText.fixed(rest)) without the reserve)" }
        }
        output.write(line + ": " + Self.list(report.files) + "\n")
    }

    private static func list(_ parts: [SizesReport.Part]) -> String {
        let shown = parts.filter { $0.byteCount > 0 }.map { part in
            part.name.map { $0 == "_" ? " " : String($0) }.joined()
                + " \(FigureText.grouped(part.byteCount))"
        }
        return shown.isEmpty ? "nothing" : shown.joined(separator: ", ")
    }

    private func write(_ table: SizesReport.Table, to output: StandardOutput) {
        var line = "\(table.name): \(FigureText.grouped(table.rowCount)) rows"
        if table.coldRowCount > 0 {
            line += " (\(FigureText.share(table.coldRowCount, of: table.rowCount)) COLD)"
        }
        if table.logRowCount > 0 {
            line += ", \(FigureText.grouped(table.logRowCount)) more in the log"
        }
        line += ", \(table.segmentCount) segment" + (table.segmentCount == 1 ? "" : "s")
        line += ", \(table.blockCount) block" + (table.blockCount == 1 ? "" : "s")
        if let bits = table.bitsPerRow, let all = table.bitsPerRowOfEverything {
            line += "; \(FigureText.fixed(bits)) bits/row, all \(FigureText.fixed(all))"
        }
        output.write(line + "\n")
        var rows = [
            ["column", "values", "bytes", "bits/value", "all", "stat", "frame", "COLD", "codecs"]
        ]
        for column in table.columns { rows.append(cells(column)) }
        let widths = rows[0].indices.map { index in
            rows.reduce(0) { max($0, TextWidth.of($1[index])) }
        }
        for row in rows {
            var line = " "
            for (index, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[index] - TextWidth.of(cell))
                let isLeft = index == 0 || index == row.count - 1
                line += " " + (isLeft ? cell + blanks : blanks + cell)
            }
            while line.last == " " { line.removeLast() }
            output.write(line + "\n")
        }
        for column in table.columns {
            guard let explanation = column.explanation else { continue }
            output.write("  why \(column.name): \(explanation)\n")
        }
        output.write("  beside columns: \(Self.list(table.parts))\n\n")
    }

    private func cells(_ column: SizesReport.Column) -> [String] {
        func byteCount(_ name: String) -> Int {
            column.parts.first { $0.name == name }?.byteCount ?? 0
        }
        return [
            column.name, FigureText.grouped(column.valueCount),
            FigureText.grouped(column.byteCount),
            column.bitsPerValue.map(FigureText.fixed) ?? "-",
            column.bitsPerValueOfEverything.map(FigureText.fixed) ?? "-",
            FigureText.grouped(byteCount("statistics")), FigureText.grouped(byteCount("frame")),
            FigureText.share(column.coldValueCount, of: column.valueCount),
            codecs(column),
        ]
    }

    private func codecs(_ column: SizesReport.Column) -> String {
        var texts: [String] = []
        if column.referenceCount > 0 {
            texts.append(
                "same as another "
                    + FigureText.share(column.referenceValueCount, of: column.valueCount))
        }
        for codecs in [column.stages, column.shapes] {
            let all = codecs.reduce(0) { $0 + $1.byteCount }
            let shown = codecs.prefix(4).map {
                "\($0.name) \(FigureText.share($0.byteCount, of: all))"
            }
            if !shown.isEmpty { texts.append(shown.joined(separator: ", ")) }
        }
        let once = ["tokens", "dictionary", "map", "validity"].compactMap { name -> String? in
            let part = column.parts.first { $0.name == name }?.byteCount ?? 0
            return part == 0 ? nil : "\(name) \(FigureText.grouped(part))"
        }
        if !once.isEmpty { texts.append(once.joined(separator: ", ") + " bytes") }
        return texts.joined(separator: "; ")
    }
}

/// Numbers for people.
enum FigureText {
    /// 1,234,567
    static func grouped(_ number: some BinaryInteger) -> String {
        let digits = Array(String(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// Two digits behind the point, three below one.
    static func fixed(_ number: Double) -> String {
        let places = number < 1 ? 3 : 2
        let power = places == 3 ? 1000.0 : 100.0
        let scaled = Int64((number * power).rounded())
        let rest = String(scaled % Int64(power))
        return "\(scaled / Int64(power))."
            + String(repeating: "0", count: places - rest.utf8.count) + rest
    }

    static func share(_ part: some BinaryInteger, of all: some BinaryInteger) -> String {
        all == 0 ? "-" : "\(Int((Double(part) / Double(all) * 100).rounded())) %"
    }
}

/// A report of sizes as one JSON object; the names are described in `Sources/SIZES.md`.
private enum SizesJSON {
    static func text(_ report: SizesReport, path: String) -> String {
        let perRow = report.bytesPerRow
        return object([
            ("path", JSONText.quoted(path)), ("rows", "\(report.rowCount)"),
            ("bytes", "\(report.byteCount)"), ("bytes_per_row", number(perRow)),
            ("bytes_per_row_without_reserve", number(report.bytesPerRowWithoutReserve)),
            ("files", parts(report.files)), ("segments", "\(report.segmentCount)"),
            ("segment_bytes", "\(report.segmentByteCount)"), ("shared", parts(report.shared)),
            ("tables", list(report.tables.map(table))),
            ("problems", list(report.problems.map(JSONText.quoted))),
        ])
    }

    private static func table(_ table: SizesReport.Table) -> String {
        object([
            ("table", JSONText.quoted(table.name)), ("rows", "\(table.rowCount)"),
            ("cold_rows", "\(table.coldRowCount)"), ("log_rows", "\(table.logRowCount)"),
            ("segments", "\(table.segmentCount)"), ("blocks", "\(table.blockCount)"),
            ("bytes", "\(table.byteCount)"), ("bits_per_row", number(table.bitsPerRow)),
            ("bits_per_row_with_everything", number(table.bitsPerRowOfEverything)),
            ("parts", parts(table.parts)), ("columns", list(table.columns.map(column))),
        ])
    }

    private static func column(_ column: SizesReport.Column) -> String {
        let why = column.explanation.map { [("explanation", JSONText.quoted($0))] } ?? []
        return object(
            [
                ("column", JSONText.quoted(column.name)),
                ("type", column.type.map(JSONText.quoted) ?? "null"),
                ("values", "\(column.valueCount)"), ("cold_values", "\(column.coldValueCount)"),
                ("light_values", "\(column.lightValueCount)"),
                ("reference_values", "\(column.referenceValueCount)"),
                ("strips", "\(column.stripCount)"), ("references", "\(column.referenceCount)"),
                ("maps", "\(column.mappedCount)"), ("bytes", "\(column.byteCount)"),
                ("coded_bytes", "\(column.codedByteCount)"),
                ("bits_per_value", number(column.bitsPerValue)),
                ("bits_per_value_with_everything", number(column.bitsPerValueOfEverything)),
                ("parts", parts(column.parts)), ("stages", list(column.stages.map(codec))),
                ("shapes", list(column.shapes.map(codec))),
            ] + why)
    }

    private static func codec(_ codec: SizesReport.Codec) -> String {
        object([
            ("name", JSONText.quoted(codec.name)), ("vectors", "\(codec.vectorCount)"),
            ("bytes", "\(codec.byteCount)"),
        ])
    }

    private static func parts(_ parts: [SizesReport.Part]) -> String {
        object(parts.map { ($0.name, "\($0.byteCount)") })
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func list(_ items: [String]) -> String {
        "[" + items.joined(separator: ",") + "]"
    }

    /// Six digits behind the point are more than bytes can tell.
    fileprivate static func number(_ number: Double?) -> String {
        number.map { "\(($0 * 1e6).rounded() / 1e6)" } ?? "null"
    }
}

/// A report of sizes as lines, a column each.
private enum SizesCSV {
    static func write(_ report: SizesReport, to output: StandardOutput) {
        let names = report.tables.first?.columns.first?.parts.map(\.name) ?? []
        let fixed = [
            "table", "column", "type", "values", "cold_values", "reference_values", "bytes",
            "coded_bytes", "bits_per_value", "bits_per_value_with_everything",
        ]
        output.write((fixed + names).joined(separator: ",") + "\n")
        for table in report.tables {
            for column in table.columns {
                var fields = [
                    CSVRenderer.field(table.name), CSVRenderer.field(column.name),
                    column.type ?? "", "\(column.valueCount)", "\(column.coldValueCount)",
                    "\(column.referenceValueCount)", "\(column.byteCount)",
                    "\(column.codedByteCount)",
                ]
                for bits in [column.bitsPerValue, column.bitsPerValueOfEverything] {
                    fields.append(bits == nil ? "" : SizesJSON.number(bits))
                }
                fields += column.parts.map { "\($0.byteCount)" }
                output.write(fields.joined(separator: ",") + "\n")
            }
        }
    }
}
