import ArgumentParser
import Belfry

/// How a result is written.
enum ResultFormat: String, CaseIterable, ExpressibleByArgument {
    case table, csv, json, ndjson, markdown, chart

    /// Writes the whole result; rows that no layout needs together are streamed.
    func write(_ result: Result, to output: StandardOutput) throws(BelfryError) -> Int {
        switch self {
        case .table: try TableRenderer(result).write(to: output)
        case .csv: try CSVRenderer(result).write(to: output)
        case .json: try JSONRenderer(result, isLines: false).write(to: output)
        case .ndjson: try JSONRenderer(result, isLines: true).write(to: output)
        case .markdown: try MarkdownRenderer(result).write(to: output)
        case .chart: try ChartRenderer(result).write(to: output)
        }
    }
}

/// The text of a cell, times in the session's zone.
struct CellText {
    let zone: TimeZoneRules

    func text(_ value: Value) -> String? {
        switch value {
        case .null: nil
        case .boolean(let it): it ? "true" : "false"
        case .integer(let it): "\(it)"
        case .double(let it): NumberText.text(it)
        case .text(let it): it
        case .timestamptz(let it): it.text(in: zone)
        case .timestamp(let it):
            String(
                decoding: wallText(it.nanoseconds), as: UTF8.self)
        case .date(let it): String(decoding: dayText(it), as: UTF8.self)
        case .interval(let it): it.description
        }
    }

    private func wallText(_ wall: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        Timestamp.appendText(ofWall: wall, to: &bytes)
        return bytes
    }

    private func dayText(_ day: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        Calendar.appendText(ofDay: day, to: &bytes)
        return bytes
    }
}

extension DataType {
    /// Shown at the right edge of its column.
    var isRightAligned: Bool { isNumeric }
}
