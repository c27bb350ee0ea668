import BelfryCore

/// The tags of the rows on their way in, as numbers of series and, per batch, distinct keys.
///
/// Series are numbered once for the whole import; each batch gets the keys it uses, each once.
struct SeriesColumn {
    /// A tag of the table and the source column it comes from.
    struct Tag {
        let source: Int
        let number: UInt32
    }

    private let table: UInt32
    private let tags: [Tag]
    private var interners: [ByteInterner]
    private var pairs: [PairInterner]
    private var codes: [[UInt32]]
    /// The key of each series, by its number in this import.
    private var seriesKeys: [SeriesKey]
    /// The batch that used a series last, and the series' place in it.
    private var lastBatch: [Int]
    private var places: [UInt32]
    private var batch = 0

    /// The keys and the key of each row of the batch that is being made.
    private(set) var keys: [SeriesKey] = []
    private(set) var keyIndexes: [UInt32] = []
    /// The series of each row of the table appended last.
    private(set) var series: [UInt32] = []

    init(table: UInt32, tags: [Tag]) {
        self.table = table
        self.tags = tags
        interners = tags.map { _ in ByteInterner() }
        pairs = tags.dropFirst().map { _ in PairInterner() }
        codes = tags.map { _ in [] }
        // Without tags, and with one that has no value, series 0 is the table alone.
        seriesKeys = tags.count < 2 ? [SeriesKey(table: table, parts: [])] : []
        lastBatch = seriesKeys.map { _ in -1 }
        places = seriesKeys.map { _ in 0 }
    }

    /// Appends the rows of a table.
    mutating func append(_ fields: FieldTable, _ text: TextBytes) {
        let rowCount = fields.rowCount
        series.removeAll(keepingCapacity: true)
        if tags.isEmpty {
            series.append(contentsOf: repeatElement(0, count: rowCount))
        }
        for index in tags.indices { readCodes(index, fields, text) }
        if let first = codes.first { series.append(contentsOf: first) }
        for index in pairs.indices {
            for row in 0..<rowCount {
                series[row] = pairs[index].code(series[row], codes[index + 1][row])
            }
        }
        for row in 0..<rowCount {
            let number = Int(series[row])
            if number >= seriesKeys.count { addSeries(row) }
            if lastBatch[number] != batch {
                lastBatch[number] = batch
                places[number] = UInt32(keys.count)
                keys.append(seriesKeys[number])
            }
            keyIndexes.append(places[number])
        }
    }

    private mutating func readCodes(_ index: Int, _ fields: FieldTable, _ text: TextBytes) {
        let source = tags[index].source
        codes[index].removeAll(keepingCapacity: true)
        for row in 0..<fields.rowCount {
            let place = row * fields.columnCount + source
            let start = fields.starts[place]
            let from = Int(start & ~FieldTable.quotedFlag)
            let to = Int(fields.ends[place])
            let code =
                from == to && start & FieldTable.quotedFlag == 0
                ? 0 : interners[index].code(text, from, to)
            codes[index].append(code)
        }
    }

    private mutating func addSeries(_ row: Int) {
        var parts: [(column: UInt32, value: [UInt8])] = []
        for index in tags.indices {
            if let bytes = interners[index].bytes(codes[index][row]) {
                parts.append((tags[index].number, bytes))
            }
        }
        seriesKeys.append(SeriesKey(table: table, parts: parts))
        lastBatch.append(-1)
        places.append(0)
    }

    /// Forgets the batch; series keep their numbers.
    mutating func startBatch() {
        batch += 1
        keys = []
        keyIndexes = []
    }
}
