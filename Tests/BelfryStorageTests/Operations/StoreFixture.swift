import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Foundation

/// What the tests of files, space and health do again and again.
enum Fixture {
    /// Small limits, and upkeep only when a test calls it.
    static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        return options
    }

    static func table(_ store: Store) throws -> TableSchema {
        try store.createTable(ModelTable.schema, ifNotExists: true)
    }

    static func write(_ rows: [StoreRow], to store: Store) throws {
        _ = try store.write(
            [ModelTable.batch(rows, table: try table(store))], rule: .merge, isCounted: false)
    }

    /// One row of each sensor at each time.
    static func rows(_ times: Range<Int>, sensors: Int = 2) -> [StoreRow] {
        times.flatMap { time in
            (0..<sensors).map { sensor in
                StoreRow(
                    sensor: sensor, time: Int64(time) * 3_600_000_000_000,
                    level: Double(time + sensor), note: "note \(time)")
            }
        }
    }

    static func rowCount(_ store: Store) throws -> Int {
        try ModelTable.scan(store.snapshot()).count
    }

    static func segments(_ paths: [String]) -> [String] {
        paths.filter { $0.hasPrefix("segments/") && $0.hasSuffix(".seg") }
    }
}

/// A folder on the real disk that goes with its owner.
final class DiskFolder {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "belfry-" + UUID().uuidString
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Every file with its bytes.
    func contents() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for file in try FileManager.default.subpathsOfDirectory(atPath: path) {
            files[file] = FileManager.default.contents(atPath: path + "/" + file)
        }
        return files
    }
}
