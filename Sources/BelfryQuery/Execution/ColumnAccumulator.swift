import BelfryCore

/// Gathers the vectors of one column into one long vector.
///
/// Codes of one dictionary stay codes; where a second dictionary comes, texts are written out.
struct ColumnAccumulator {
    private let type: DataType
    private var booleans: [Bool] = []
    private var integers: [Int64] = []
    private var doubles: [Double] = []
    private var texts = TextStorage()
    private var codes: [UInt32] = []
    private var dictionary: TextDictionary?
    private var intervals: [Interval] = []
    private var validity = ValidityBuilder()
    private(set) var count = 0

    init(_ type: DataType) { self.type = type }

    var byteCount: Int {
        booleans.count + integers.count * 8 + doubles.count * 8 + texts.bytes.count
            + texts.offsets.count * 4 + codes.count * 4 + intervals.count * 16 + count / 8
    }

    mutating func append(_ vector: Vector) {
        switch vector.storage {
        case .booleans(let values): booleans.append(contentsOf: values)
        case .integers(let values): integers.append(contentsOf: values)
        case .doubles(let values): doubles.append(contentsOf: values)
        case .intervals(let values): intervals.append(contentsOf: values)
        case .texts(let values):
            writeTextsOut()
            texts.append(contentsOf: values)
        case .dictionary(let values):
            if count == 0 || dictionary === values.dictionary {
                dictionary = values.dictionary
                codes.append(contentsOf: values.codes)
            } else {
                writeTextsOut()
                texts.append(contentsOf: values.expanded(validity: vector.validity))
            }
        }
        validity.append(vector.validity, count: vector.count)
        count += vector.count
    }

    private mutating func writeTextsOut() {
        guard let dictionary else { return }
        texts = DictionaryStorage(codes: codes, dictionary: dictionary)
            .expanded(validity: validity.finish())
        codes = []
        self.dictionary = nil
    }

    func finish() -> Vector {
        let storage: VectorStorage =
            switch type.layout {
            case .booleans: .booleans(booleans)
            case .integers: .integers(integers)
            case .doubles: .doubles(doubles)
            case .intervals: .intervals(intervals)
            case .texts:
                if let dictionary {
                    .dictionary(DictionaryStorage(codes: codes, dictionary: dictionary))
                } else {
                    .texts(texts)
                }
            }
        return Vector(type, storage, validity: validity.finish())
    }
}

/// Gathers batches into one long batch: what sort, join and the like hold.
struct BatchAccumulator {
    private let types: [DataType]
    private var columns: [ColumnAccumulator]
    private(set) var rowCount = 0

    init(types: [DataType]) {
        self.types = types
        columns = types.map(ColumnAccumulator.init)
    }

    var byteCount: Int { columns.reduce(0) { $0 + $1.byteCount } }

    mutating func append(_ vectors: [Vector], rowCount added: Int) {
        for index in columns.indices { columns[index].append(vectors[index]) }
        rowCount += added
    }

    func finish() -> [Vector] { columns.map { $0.finish() } }

    /// Only these rows, in their order, and an empty rest.
    mutating func keep(_ rows: [Int32]) {
        let kept = finish().map { $0.gather(rows) }
        columns = types.map(ColumnAccumulator.init)
        rowCount = 0
        append(kept, rowCount: rows.count)
    }
}
