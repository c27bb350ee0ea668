import Belfry

/// A result as a table with lines, columns as wide as their widest cell.
///
/// Widths are taken from the first 1,000 rows; after them rows are streamed, and a cell that is
/// wider than its column pushes its line out.
struct TableRenderer {
    private let result: Result
    private let cells: CellText
    private static let measuredRowCount = 1_000

    init(_ result: Result) {
        self.result = result
        cells = CellText(zone: result.timeZone)
    }

    func write(to output: StandardOutput) throws(BelfryError) -> Int {
        guard !result.columns.isEmpty else {
            while try result.nextBatch() != nil {}
            return 0
        }
        var rows: [[String]] = []
        var isDone = false
        while rows.count < Self.measuredRowCount {
            guard let batch = try result.nextBatch() else {
                isDone = true
                break
            }
            append(batch, to: &rows)
        }
        var widths = result.columns.map { TextWidth.of($0.name) }
        for row in rows {
            for index in row.indices {
                widths[index] = max(widths[index], TextWidth.of(row[index]))
            }
        }
        write(result.columns.map(\.name), widths, isHeader: true, to: output)
        output.write(
            widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: "┼") + "\n")
        for row in rows { write(row, widths, isHeader: false, to: output) }
        var count = rows.count
        while !isDone, let batch = try result.nextBatch() {
            rows.removeAll(keepingCapacity: true)
            append(batch, to: &rows)
            for row in rows { write(row, widths, isHeader: false, to: output) }
            count += rows.count
        }
        output.write(count == 1 ? "(1 row)\n" : "(\(count) rows)\n")
        return count
    }

    private func append(_ batch: Batch, to rows: inout [[String]]) {
        for row in 0..<batch.rowCount {
            rows.append(
                batch.vectors.map { vector in
                    (cells.text(vector.value(row)) ?? "NULL").map { character in
                        character.isNewline ? "␤" : String(character)
                    }.joined()
                })
        }
    }

    private func write(
        _ row: [String], _ widths: [Int], isHeader: Bool, to output: StandardOutput
    ) {
        var line = ""
        for index in row.indices {
            let padding = String(
                repeating: " ", count: max(0, widths[index] - TextWidth.of(row[index])))
            if index > 0 { line += "│" }
            line +=
                result.columns[index].type.isRightAligned
                ? " \(padding)\(row[index]) " : " \(row[index])\(padding) "
        }
        while line.last == " " { line.removeLast() }
        output.write(line + "\n")
    }
}

/// How many columns of a terminal a text takes.
enum TextWidth {
    static func of(_ text: String) -> Int {
        var width = 0
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format, .control: continue
            default: width += isWide(scalar) ? 2 : 1
            }
        }
        return width
    }

    /// East Asian wide characters and emoji, by the blocks that hold them.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
