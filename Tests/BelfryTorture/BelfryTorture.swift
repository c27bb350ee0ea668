import Belfry
import BelfryCore
import BelfryStorage
import Glibc

/// `BelfryTorture FOLDER [--option value]…`: writes, reads, flushes and compacts a database until
/// it is killed, and says on standard output what was acknowledged.
///
/// `tools/torture` runs it, kills it and keeps the oracle. One line an event, each written whole:
///
///     open                      the database is open, the table is there
///     ack WRITER NUMBER         a batch was acknowledged
///     refused WRITER NUMBER CODE MESSAGE
///     upkeep CODE MESSAGE       a flush or compaction was refused
///     unread CODE MESSAGE       a reader was refused
///     broken MESSAGE            a reader saw what no reader may see
///     done READS                every writer has ended, and so often a reader looked
///
/// Exit codes: 0 all batches are in, 1 misuse, 3 writes were refused for good, 4 the database could
/// not be opened, 9 a reader saw something broken.
@main
struct BelfryTorture {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let settings = TortureSettings(arguments) else {
            Line.write(
                "usage: BelfryTorture FOLDER [--durability sync|interval] [--writers N] "
                    + "[--readers N] [--batches N] [--memtable BYTES] [--hard BYTES] "
                    + "[--wait 0|1]")
            exit(1)
        }
        let database: Database
        do throws(BelfryError) {
            database = try Database.open(settings.folder, options: settings.options)
            for statement in TortureBatch.schema { _ = try database.run(statement).rows() }
        } catch {
            Line.write("refused - - \(error.code) \(error.message)")
            exit(4)
        }
        Line.write("open")
        if settings.isWaiting { _ = readLine() }
        let code = TortureRun(database, settings).run()
        do throws(BelfryError) {
            try database.close()
        } catch {
            Line.write("upkeep \(error.code) \(error.message)")
            exit(max(code, 3))
        }
        exit(code)
    }
}

/// What the command line asks for.
struct TortureSettings: Sendable {
    let folder: String
    var isSynced = true
    var writerCount = 4
    var readerCount = 1
    /// Batches a writer makes before it ends; 0 means until it is killed.
    var batchCount = 0
    /// Free bytes below which writes are refused; nil for the default.
    var hardFreeByteCount: Int?
    /// Waits for a line on standard input before it begins.
    var isWaiting = false
    /// Small, so that flushes and compactions never end.
    var memtableByteCount = 256 << 10

    init?(_ arguments: [String]) {
        guard let folder = arguments.first, !folder.hasPrefix("-"), arguments.count % 2 == 1 else {
            return nil
        }
        self.folder = folder
        for index in stride(from: 1, to: arguments.count, by: 2) {
            let text = arguments[index + 1]
            switch (arguments[index], Int(text)) {
            case ("--durability", _) where text == "sync" || text == "interval":
                isSynced = text == "sync"
            case ("--writers", let count?): writerCount = count
            case ("--readers", let count?): readerCount = count
            case ("--batches", let count?): batchCount = count
            case ("--hard", let count?): hardFreeByteCount = count
            case ("--wait", let choice?): isWaiting = choice != 0
            case ("--memtable", let count?): memtableByteCount = count
            default: return nil
            }
        }
    }

    var options: DatabaseOptions {
        var options = DatabaseOptions()
        options.durability = isSynced ? .sync : .interval(milliseconds: 20)
        options.memtableByteCountLimit = memtableByteCount
        options.blockCacheByteCountLimit = 1 << 20
        if let hard = hardFreeByteCount.map({ UInt64(max(0, $0)) }) {
            options.store.hardFreeByteCountLimit = hard
            options.store.softFreeByteCountLimit = hard * 2
            options.store.reserveByteCount = hard / 4
        }
        return options
    }
}

/// Lines on standard output that are never torn: one call each.
enum Line {
    static func write(_ text: String) {
        let bytes = Array((text.split(separator: "\n").joined(separator: " ") + "\n").utf8)
        unsafe bytes.withUnsafeBytes {
            _ = unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
        }
    }
}
