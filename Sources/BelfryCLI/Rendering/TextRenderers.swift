import Belfry

/// A result as CSV (RFC 4180, line feeds): a header, NULL as an empty field, an empty text quoted.
struct CSVRenderer {
    private let result: Result
    private let cells: CellText

    init(_ result: Result) {
        self.result = result
        cells = CellText(zone: result.timeZone)
    }

    func write(to output: StandardOutput) throws(BelfryError) -> Int {
        var count = 0
        if !result.columns.isEmpty {
            output.write(result.columns.map { Self.field($0.name) }.joined(separator: ",") + "\n")
        }
        while let batch = try result.nextBatch() {
            for row in 0..<batch.rowCount {
                let line = batch.vectors.map { vector in
                    cells.text(vector.value(row)).map(Self.field) ?? ""
                }
                output.write(line.joined(separator: ",") + "\n")
            }
            count += batch.rowCount
        }
        return count
    }

    static func field(_ text: String) -> String {
        let needsQuotes =
            text.isEmpty
            || text.utf8.contains { $0 == 34 || $0 == 44 || $0 == 10 || $0 == 13 }
        guard needsQuotes else { return text }
        return "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}

/// A result as a Markdown table.
struct MarkdownRenderer {
    private let result: Result
    private let cells: CellText

    init(_ result: Result) {
        self.result = result
        cells = CellText(zone: result.timeZone)
    }

    func write(to output: StandardOutput) throws(BelfryError) -> Int {
        var count = 0
        if !result.columns.isEmpty {
            output.write("| " + result.columns.map { Self.cell($0.name) }.joined(separator: " | "))
            output.write(" |\n|")
            for column in result.columns {
                output.write(column.type.isRightAligned ? " ---: |" : " --- |")
            }
            output.write("\n")
        }
        while let batch = try result.nextBatch() {
            for row in 0..<batch.rowCount {
                let line = batch.vectors.map { Self.cell(cells.text($0.value(row)) ?? "NULL") }
                output.write("| " + line.joined(separator: " | ") + " |\n")
            }
            count += batch.rowCount
        }
        return count
    }

    private static func cell(_ text: String) -> String {
        text.map { $0 == "|" ? "\\|" : $0.isNewline ? "<br>" : String($0) }.joined()
    }
}

/// A result as one JSON array of objects, or as one object a line.
///
/// Numbers are numbers, but NaN and the infinities, which JSON lacks, are strings; times are ISO
/// 8601 in UTC.
struct JSONRenderer {
    private let result: Result
    private let isLines: Bool
    private let cells: CellText

    init(_ result: Result, isLines: Bool) {
        self.result = result
        self.isLines = isLines
        cells = CellText(zone: .utc)
    }

    func write(to output: StandardOutput) throws(BelfryError) -> Int {
        let names = result.columns.map { Self.string($0.name) }
        var count = 0
        if !isLines { output.write("[") }
        while let batch = try result.nextBatch() {
            for row in 0..<batch.rowCount {
                if !isLines { output.write(count == 0 ? "\n" : ",\n") }
                let members = batch.vectors.indices.map {
                    names[$0] + ":" + value(batch.vectors[$0].value(row))
                }
                output.write("{" + members.joined(separator: ",") + "}")
                if isLines { output.write("\n") }
                count += 1
            }
        }
        if !isLines { output.write(count == 0 ? "]\n" : "\n]\n") }
        return count
    }

    private func value(_ value: Value) -> String {
        switch value {
        case .null: return "null"
        case .boolean(let it): return it ? "true" : "false"
        case .integer(let it): return "\(it)"
        case .double(let it) where it.isFinite: return NumberText.text(it)
        case .timestamptz(let it):
            guard it.isFinite else { return Self.string(it.text(in: .utc)) }
            var text = it.text(in: .utc).replacingFirst(" ", with: "T")
            if text.hasSuffix("+00") { text = String(text.dropLast(3)) + "Z" }
            return Self.string(text)
        case .double, .text, .timestamp, .date, .interval:
            return Self.string(cells.text(value) ?? "")
        }
    }

    static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}

extension String {
    fileprivate func replacingFirst(_ character: Character, with other: Character) -> String {
        guard let index = firstIndex(of: character) else { return self }
        var copy = self
        copy.replaceSubrange(index...index, with: String(other))
        return copy
    }
}
