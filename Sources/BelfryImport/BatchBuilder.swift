import BelfryCore

/// Rows of fields on their way to a point batch: times, series and typed columns.
///
/// A row without a time, or with one that the table does not take, is refused whole; a field that
/// is not of its column's type is left out.
struct BatchBuilder {
    private let plan: ImportPlan
    private let timeName: String
    private var timeColumn: TimeColumn
    private var series: SeriesColumn
    private var columns: [FieldColumn]
    private var times: [Int64] = []
    private var order = RepeatedHourOrder()

    init(plan: ImportPlan, names: [String], zone: TimeZoneRules, batchRowCount: Int) {
        self.plan = plan
        timeName = plan.timeSource.map { names[$0] } ?? ""
        timeColumn = TimeColumn(zone: zone)
        series = SeriesColumn(table: plan.table.number, tags: plan.tags)
        columns = plan.fields.map { field in
            let schema = plan.table.columns[field.column]
            return FieldColumn(
                source: field.source, number: schema.number, name: names[field.source],
                type: schema.type, capacity: batchRowCount + FieldTable.rowLimit)
        }
    }

    var rowCount: Int { times.count }

    /// Appends the rows that a reader has, as far as they can be taken.
    /// - Parameter accepted: the times that the table takes now.
    mutating func append(
        _ reader: RecordReader, accepted: TimeRange, to problems: inout ImportProblems
    ) {
        var fields = reader.fields
        let text = reader.text
        problems.readCount += fields.rowCount + reader.faults.count
        for fault in reader.faults {
            problems.refuseRecord(reader, at: fault.offset, column: nil, fault.message)
        }
        if let timeSource = plan.timeSource {
            var refused: Set<Int> = []
            timeColumn.read(fields, column: timeSource, text) { row, message in
                refused.insert(row)
                problems.refuseRecord(
                    reader, at: fields.rowStarts[row], column: timeName, message)
            }
            let known = refused
            timeColumn.judge(
                fields, column: timeSource, text, accepted: accepted, except: known
            ) { row, message in
                refused.insert(row)
                problems.refuseRecord(
                    reader, at: fields.rowStarts[row], column: timeName, message)
            }
            if !refused.isEmpty {
                let kept = (0..<fields.rowCount).filter { !refused.contains($0) }
                fields.keep(kept)
                timeColumn.keep(kept)
            }
        }
        series.append(fields, text)
        if plan.timeSource == nil {
            times.append(contentsOf: repeatElement(0, count: fields.rowCount))
        } else {
            order.resolve(&timeColumn, series: series.series)
            times.append(contentsOf: timeColumn.times)
        }
        for index in columns.indices {
            let name = columns[index].name
            columns[index].append(fields, text, zone: timeColumn.zone) { row, message in
                problems.refuseField(reader, at: fields.rowStarts[row], column: name, message)
            }
        }
    }

    /// The batch; begins the next one.
    mutating func finish() -> PointBatch {
        var finished: [PointBatch.Column] = []
        for index in columns.indices { finished.append(columns[index].finish()) }
        finished.sort { $0.number < $1.number }
        let batch = PointBatch(
            table: plan.table, keys: series.keys, keyIndexes: series.keyIndexes, times: times,
            columns: finished)
        times = []
        series.startBatch()
        return batch
    }
}

/// Which pass of a repeated hour a reading belongs to: per series, in the order of rows; a step
/// back begins the second pass.
private struct RepeatedHourOrder {
    private struct Last {
        var jump: Int64
        var wall: Int64
        var isSecond: Bool
    }

    private var last: [UInt32: Last] = [:]

    mutating func resolve(_ column: inout TimeColumn, series: [UInt32]) {
        for entry in column.ambiguous {
            let number = series[entry.row]
            // The distance of the two instants and the second tell the jump apart from others.
            let jump = entry.second &- entry.wall
            var isSecond = false
            if let before = last[number], before.jump == jump,
                entry.wall &- before.wall < Calendar.nanosecondsPerDay,
                before.wall &- entry.wall < Calendar.nanosecondsPerDay
            {
                isSecond = before.isSecond || entry.wall < before.wall
            }
            last[number] = Last(jump: jump, wall: entry.wall, isSecond: isSecond)
            column.setTime(isSecond ? entry.second : entry.first, ofRow: entry.row)
        }
    }
}

/// What was refused so far, the first of it in words.
struct ImportProblems {
    let limit: Int
    var readCount = 0
    private(set) var rejectedCount = 0
    private(set) var rejectedFieldCount = 0
    private(set) var list: [ImportProblem] = []

    init(limit: Int) { self.limit = limit }

    mutating func refuseRecord(
        _ reader: RecordReader, at offset: Int, column: String?, _ message: String
    ) {
        rejectedCount += 1
        add(reader, at: offset, column: column, message)
    }

    mutating func refuseField(
        _ reader: RecordReader, at offset: Int, column: String, _ message: String
    ) {
        rejectedFieldCount += 1
        add(reader, at: offset, column: column, message)
    }

    private mutating func add(
        _ reader: RecordReader, at offset: Int, column: String?, _ message: String
    ) {
        guard list.count < limit else { return }
        list.append(
            ImportProblem(
                file: reader.file, line: reader.line(of: offset), column: column,
                message: message))
    }
}
