import Belfry

/// A result as bars in the terminal: the first column names the bar, the last number is its length.
///
/// NULL is told: a bar that is missing says so.
struct ChartRenderer {
    private let result: Result
    private let cells: CellText

    init(_ result: Result) {
        self.result = result
        cells = CellText(zone: result.timeZone)
    }

    private static let rowCountLimit = 500

    func write(to output: StandardOutput) throws(BelfryError) -> Int {
        guard let valueIndex = result.columns.lastIndex(where: { $0.type.isNumeric }),
            result.columns.count >= 2
        else {
            throw BelfryError(
                code: "22023",
                message: "a chart needs a first column of names and a last one of numbers")
        }
        var labels: [String] = []
        var values: [Double?] = []
        while let batch = try result.nextBatch() {
            for row in 0..<batch.rowCount where labels.count < Self.rowCountLimit {
                let parts = (0..<valueIndex).map {
                    cells.text(batch.vectors[$0].value(row)) ?? "NULL"
                }
                labels.append(parts.joined(separator: "  "))
                switch batch.vectors[valueIndex].value(row) {
                case .double(let it): values.append(it.isFinite ? it : nil)
                case .integer(let it): values.append(Double(it))
                default: values.append(nil)
                }
            }
        }
        draw(labels, values, name: result.columns[valueIndex].name, to: output)
        return labels.count
    }

    private func draw(
        _ labels: [String], _ values: [Double?], name: String, to output: StandardOutput
    ) {
        let known = values.compactMap { $0 }
        let high = max(0, known.max() ?? 0)
        let low = min(0, known.min() ?? 0)
        let span = high - low
        let labelWidth = labels.map(TextWidth.of).max() ?? 0
        let numbers = values.map { $0.map(Self.short) ?? "NULL" }
        let numberWidth = numbers.map(\.count).max() ?? 0
        let width = max(10, min(Terminal.width, 120) - labelWidth - numberWidth - 4)
        output.write(String(repeating: " ", count: labelWidth) + "  " + name + "\n")
        for index in labels.indices {
            let padding = String(repeating: " ", count: labelWidth - TextWidth.of(labels[index]))
            let number = String(repeating: " ", count: numberWidth - numbers[index].count)
            var bar = ""
            if let value = values[index], span > 0 {
                bar = Self.bar(abs(value) / span * Double(width))
            }
            output.write("\(labels[index])\(padding)  \(number)\(numbers[index]) \(bar)\n")
        }
    }

    /// Eighths of a character make the length.
    private static func bar(_ length: Double) -> String {
        let eighths = Int((length * 8).rounded())
        let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: "█", count: eighths / 8) + rest
    }

    private static func short(_ value: Double) -> String {
        let scaled = (value * 100).rounded() / 100
        return NumberText.text(abs(value) < 1e12 ? scaled : value)
    }
}
