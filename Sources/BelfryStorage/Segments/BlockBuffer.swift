import BelfryCodecs
import BelfryCore

/// Rows in (series, time) order that are not yet a block: what `SegmentWriter` fills and cuts.
struct BlockBuffer {
    private(set) var extents: [Extent] = []
    private(set) var times: [Int64] = []
    /// The raw kinds, or nil while all rows are of kind merge.
    private(set) var kinds: [UInt8]?
    private(set) var columns: [ColumnBuffer]
    private(set) var textByteCount = 0

    var rowCount: Int { times.count }

    init(_ schema: TableSchema) {
        columns = schema.fieldIndexes.map { ColumnBuffer(schema.columns[$0]) }
        columns.sort { $0.number < $1.number }
    }

    /// Rows of one or more series behind those that are there; the first extent may go on with
    /// the last series.
    /// - Precondition: the rows' vectors are those of `columns`, in their order.
    mutating func append(_ rows: MergedRows) {
        for extent in rows.extents {
            if let last = extents.last, last.series == extent.series {
                extents[extents.count - 1].rowCount += extent.rowCount
            } else {
                extents.append(extent)
            }
        }
        if let added = rows.kinds {
            if kinds == nil { kinds = [UInt8](repeating: 0, count: times.count) }
            kinds?.append(contentsOf: added)
        } else if kinds != nil {
            kinds?.append(contentsOf: repeatElement(0, count: rows.rowCount))
        }
        times.append(contentsOf: rows.times)
        for index in columns.indices {
            columns[index].append(rows.vectors[index])
        }
        textByteCount = columns.reduce(0) { $0 + $1.textByteCount }
    }

    /// Cuts the first rows off, as a buffer of their own.
    mutating func take(_ count: Int) -> BlockBuffer {
        if count == rowCount {
            let all = self
            clear()
            return all
        }
        var head = self
        head.keep(0..<count)
        keep(count..<rowCount)
        return head
    }

    private mutating func clear() {
        extents = []
        times = []
        kinds = nil
        for index in columns.indices { columns[index].clear() }
        textByteCount = 0
    }

    private mutating func keep(_ range: Range<Int>) {
        var kept: [Extent] = []
        var start = 0
        for extent in extents {
            let end = start + extent.rowCount
            let count = min(end, range.upperBound) - max(start, range.lowerBound)
            if count > 0 { kept.append(Extent(series: extent.series, rowCount: count)) }
            start = end
        }
        extents = kept
        times = Array(times[range])
        if let all = kinds {
            kinds = all[range].contains { $0 != 0 } ? Array(all[range]) : nil
        }
        for index in columns.indices { columns[index].keep(range) }
        textByteCount = columns.reduce(0) { $0 + $1.textByteCount }
    }
}

/// The values of one column of a `BlockBuffer`, in the arrays that the strip encoder takes.
struct ColumnBuffer {
    let number: UInt32
    let layout: VectorLayout
    private var count = 0
    private var booleans: [Bool] = []
    private var integers: [Int64] = []
    private var doubles: [Double] = []
    private var texts = TextStorage()
    private var validity = ValidityBuilder()

    init(_ column: ColumnSchema) {
        number = column.number
        layout = column.type.layout
    }

    var textByteCount: Int { texts.bytes.count }

    mutating func append(_ vector: Vector) {
        count += vector.count
        validity.append(vector.validity, count: vector.count)
        switch vector.storage {
        case .booleans(let values): booleans.append(contentsOf: values)
        case .integers(let values): integers.append(contentsOf: values)
        case .doubles(let values): doubles.append(contentsOf: values)
        case .texts(let values): texts.append(contentsOf: values)
        case .dictionary(let values):
            texts.append(contentsOf: values.expanded(validity: vector.validity))
        case .intervals: preconditionFailure("no column is of type INTERVAL")
        }
    }

    mutating func clear() {
        count = 0
        booleans = []
        integers = []
        doubles = []
        texts = TextStorage()
        validity = ValidityBuilder()
    }

    mutating func keep(_ range: Range<Int>) {
        switch layout {
        case .booleans: booleans = Array(booleans[range])
        case .integers: integers = Array(integers[range])
        case .doubles: doubles = Array(doubles[range])
        case .texts: texts = texts.slice(range)
        case .intervals: break
        }
        let kept = validity.finish().slice(range)
        validity = ValidityBuilder()
        validity.append(kept, count: range.count)
        count = range.count
    }

    /// How many rows have a value, and the words for the encoder.
    var finishedValidity: (valueCount: Int, words: [UInt64]?) {
        let finished = validity.finish()
        let valueCount = finished.validCount(of: count)
        return (valueCount, valueCount == count ? nil : finished.words)
    }

    var stripValues: StripValues {
        switch layout {
        case .booleans: .booleans(booleans)
        case .integers: .integers(integers)
        case .doubles: .doubles(doubles)
        case .texts, .intervals: .texts(offsets: texts.offsets, bytes: texts.bytes)
        }
    }
}
