import BelfryCore

/// Values of one type as values of another, whole vectors at a time.
enum CastKernels {
    /// Whether there is a cast at all.
    static func exists(from source: DataType, to target: DataType) -> Bool {
        if source == target || source == .unknown || target == .text || source == .text {
            return true
        }
        if source.isNumeric && target.isNumeric { return true }
        if source.isTemporal && target.isTemporal { return true }
        return source == .boolean && target.isInteger || source.isInteger && target == .boolean
    }

    /// - Precondition: `exists` says yes.
    static func cast(
        _ vector: Vector, to type: DataType, _ environment: EvaluationEnvironment
    ) throws(QueryError) -> Vector {
        if vector.type == type { return vector }
        switch (vector.type, type) {
        case (_, .text): return text(vector, environment)
        case (.text, _), (.unknown, _): return try read(vector, as: type, environment)
        case (.smallint, _) where type.isInteger, (.integer, _) where type.isInteger,
            (.bigint, _) where type.isInteger:
            return try narrowed(vector, to: type)
        case (.double, _) where type.isInteger: return try rounded(vector, to: type)
        case (_, .double):
            return Vector(
                doubles: Lanes.map(vector.integers, 0.0) { Double($0) }, validity: vector.validity)
        case (.boolean, _):
            return Vector(
                integers: Lanes.map(vector.booleans, Int64(0)) { $0 ? 1 : 0 }, type: type,
                validity: vector.validity)
        case (_, .boolean):
            return Vector(
                booleans: Lanes.map(vector.integers, false) { $0 != 0 }, validity: vector.validity)
        case (.timestamptz, .timestamp):
            return TimeKernels.wall(vector, in: environment.zone)
        case (.timestamptz, .date):
            return days(TimeKernels.wall(vector, in: environment.zone))
        case (.timestamp, .date): return days(vector)
        case (.timestamp, .timestamptz):
            return TimeKernels.instants(vector, in: environment.zone)
        case (.date, .timestamp): return try walls(ofDays: vector)
        case (.date, .timestamptz):
            return TimeKernels.instants(try walls(ofDays: vector), in: environment.zone)
        default: preconditionFailure("the binder allows only casts that exist")
        }
    }

    private static func narrowed(_ vector: Vector, to type: DataType) throws(QueryError)
        -> Vector
    {
        if type != .bigint && vector.type != .smallint {
            let values = vector.integers
            for row in 0..<values.count
            where !TextReading.isInRange(values[row], of: type) && vector.isValid(row) {
                throw QueryError("22003", "\(type.name) out of range")
            }
        }
        return vector.retyped(type)
    }

    /// Halves go to the even neighbour.
    private static func rounded(_ vector: Vector, to type: DataType) throws(QueryError)
        -> Vector
    {
        let result = try Lanes.mapChecked(vector.doubles, Int64(0), vector.validity) {
            (value) throws(QueryError) -> Int64 in
            guard let whole = Int64(exactly: value.rounded(.toNearestOrEven)),
                TextReading.isInRange(whole, of: type)
            else { throw QueryError("22003", "\(type.name) out of range") }
            return whole
        }
        return Vector(integers: result, type: type, validity: vector.validity)
    }

    private static func days(_ wall: Vector) -> Vector {
        Vector(
            integers: Lanes.map(wall.integers, Int64(0)) {
                $0 == .min || $0 == .max ? $0 : Calendar.day(ofWall: $0)
            },
            type: .date, validity: wall.validity)
    }

    private static func walls(ofDays vector: Vector) throws(QueryError) -> Vector {
        let result = try Lanes.mapChecked(vector.integers, Int64(0), vector.validity) {
            (day) throws(QueryError) -> Int64 in
            if day == .min || day == .max { return day }
            guard let wall = Calendar.wall(day: day, timeOfDay: 0) else {
                throw QueryError("22008", "date out of range for timestamp")
            }
            return wall
        }
        return Vector(integers: result, type: .timestamp, validity: vector.validity)
    }

    private static func read(
        _ vector: Vector, as type: DataType, _ environment: EvaluationEnvironment
    ) throws(QueryError) -> Vector {
        let rowCount = vector.count
        let texts = TextView(vector, rowCount: rowCount)
        var result = VectorBuilder(type, capacity: rowCount)
        for row in 0..<rowCount {
            if texts.isValid(row) {
                result.append(try TextReading.value(texts.string(row), as: type, environment))
            } else {
                result.append(.null)
            }
        }
        return result.finish()
    }

    // MARK: To text

    static func text(_ vector: Vector, _ environment: EvaluationEnvironment) -> Vector {
        if vector.type.layout == .texts { return vector.retyped(.text) }
        var texts = TextStorage()
        texts.offsets.reserveCapacity(vector.count + 1)
        var bytes: [UInt8] = []
        for row in 0..<vector.count {
            if vector.isValid(row) { append(vector, row, environment, to: &bytes) }
            texts.offsets.append(UInt32(truncatingIfNeeded: bytes.count))
        }
        texts.bytes = bytes
        return Vector(.text, .texts(texts), validity: vector.validity)
    }

    private static func append(
        _ vector: Vector, _ row: Int, _ environment: EvaluationEnvironment, to bytes: inout [UInt8]
    ) {
        switch vector.storage {
        case .booleans(let values):
            bytes.append(contentsOf: (values[row] ? "true" : "false").utf8)
        case .doubles(let values): NumberText.append(values[row], to: &bytes)
        case .intervals(let values): bytes.append(contentsOf: values[row].description.utf8)
        case .texts(let values): bytes.append(contentsOf: values[row])
        case .dictionary(let values):
            bytes.append(contentsOf: values.dictionary.texts[Int(values.codes[row])])
        case .integers(let values):
            let value = values[row]
            switch vector.type {
            case .timestamptz:
                Timestamp(nanoseconds: value).appendText(in: environment.zone, to: &bytes)
            case .timestamp: Timestamp.appendText(ofWall: value, to: &bytes)
            case .date:
                if value == .max || value == .min {
                    Timestamp.appendText(ofWall: value, to: &bytes)
                } else {
                    Calendar.appendText(ofDay: value, to: &bytes)
                }
            case .smallint, .integer, .bigint, .unknown, .boolean, .double, .text, .interval:
                NumberText.append(value, to: &bytes)
            }
        }
    }
}
