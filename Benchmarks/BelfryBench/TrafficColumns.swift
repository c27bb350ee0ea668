import Belfry
import BelfryCore

/// The traffic table of `Benchmarks/columns.py`, in batches that an appender takes.
struct TrafficColumns {
    static let fields = ["avgMeasuredTime", "avgSpeed", "medianMeasuredTime", "vehicleCount"]

    let times: [Int64]
    /// One array a field, in the order of `fields`.
    let values: [[Double]]
    private let sensorCodes: [UInt32]
    private let sensors: TextDictionary

    /// Nil where the files are not there.
    init?(folder: String) {
        guard let times = BinaryFile.words(folder + "/columns/traffic.ts"),
            let lengths = BinaryFile.halfWords(folder + "/columns/traffic.series")
        else { return nil }
        self.times = times
        var texts = TextStorage()
        var codes: [UInt32] = []
        for (number, length) in lengths.enumerated() {
            texts.append("sensor-\(number)")
            codes.append(contentsOf: repeatElement(UInt32(number), count: Int(length)))
        }
        sensors = TextDictionary(texts)
        sensorCodes = codes
        values = Self.fields.compactMap { field in
            BinaryFile.words(folder + "/columns/traffic." + field)?.map {
                Double(bitPattern: UInt64(bitPattern: $0))
            }
        }
        guard values.count == Self.fields.count, codes.count == times.count else { return nil }
    }

    var rowCount: Int { times.count }

    /// The rows in parts of a batch's length.
    func parts(of length: Int) -> [Range<Int>] {
        stride(from: 0, to: rowCount, by: length).map { $0..<min(rowCount, $0 + length) }
    }

    /// The time, so much later, and the sensor.
    func key(_ rows: Range<Int>, later shift: Int64 = 0) -> [(name: String, values: Vector)] {
        [
            ("time", Vector(integers: times[rows].map { $0 + shift }, type: .timestamptz)),
            (
                "sensor",
                Vector(
                    .text,
                    .dictionary(
                        DictionaryStorage(codes: Array(sensorCodes[rows]), dictionary: sensors)))
            ),
        ]
    }

    func integers(_ field: Int, _ rows: Range<Int>) -> Vector {
        Vector(integers: values[field][rows].map { Int64($0) })
    }

    func doubles(_ field: Int, _ rows: Range<Int>) -> Vector {
        Vector(doubles: Array(values[field][rows]))
    }
}
