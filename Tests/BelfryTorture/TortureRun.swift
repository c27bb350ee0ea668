import Belfry
import BelfryCore
import Glibc
import Synchronization

/// Writers, readers, and a thread that flushes and compacts by hand beside the engine's own.
///
/// Every writer goes on from the last batch that is there, one batch after the other, so what is
/// found after a kill is a prefix of what it wrote.
final class TortureRun: Sendable {
    private struct State {
        var runningWriters = 0
        var isRefused = false
        var isBroken = false
        var readCount = 0
    }

    private let database: Database
    private let settings: TortureSettings
    private let state = Mutex(State())
    /// A write that found the disk full is tried so often before the writer gives up, where it has
    /// an end at all.
    private static let patience = 50

    init(_ database: Database, _ settings: TortureSettings) {
        self.database = database
        self.settings = settings
        state.withLock { $0.runningWriters = settings.writerCount }
    }

    /// The exit code, once all writers have ended.
    func run() -> Int32 {
        var threads: [EngineThread?] = []
        for writer in 0..<settings.writerCount {
            threads.append(EngineThread { self.write(writer) })
        }
        for _ in 0..<settings.readerCount { threads.append(EngineThread { self.read() }) }
        threads.append(EngineThread { self.keepUp() })
        for thread in threads { thread?.join() }
        // Reads go on whatever became of the writes.
        look()
        let end = state.withLock { $0 }
        Line.write("done \(end.readCount)")
        return end.isBroken ? 9 : end.isRefused ? 3 : 0
    }

    private var isOver: Bool {
        state.withLock { $0.runningWriters == 0 || $0.isBroken }
    }

    // MARK: Writing

    private func write(_ writer: Int) {
        defer { state.withLock { $0.runningWriters -= 1 } }
        var failureCount = 0
        do throws(BelfryError) {
            var number = try next(writer)
            let appender = try database.appender(for: "torture")
            let end = settings.batchCount == 0 ? Int.max : number + settings.batchCount
            while number < end && !state.withLock({ $0.isBroken }) {
                do throws(BelfryError) {
                    try appender.append(TortureBatch(writer: writer, number: number).columns())
                    Line.write("ack \(writer) \(number)")
                    number += 1
                    failureCount = 0
                } catch {
                    failureCount += 1
                    if failureCount == 1 { refuse(writer, number, error) }
                    let isHopeless = settings.batchCount > 0 && failureCount > Self.patience
                    // A full disk may have room again; all else is for good.
                    guard error.code == "53100", !isHopeless else {
                        state.withLock { $0.isRefused = true }
                        return
                    }
                    usleep(5_000)
                }
            }
        } catch {
            refuse(writer, 0, error)
            state.withLock { $0.isRefused = true }
        }
    }

    private func refuse(_ writer: Int, _ number: Int, _ error: BelfryError) {
        Line.write("refused \(writer) \(number) \(error.code) \(error.message)")
    }

    private func next(_ writer: Int) throws(BelfryError) -> Int {
        let rows = try database.run(
            "SELECT max(seq) FROM torture WHERE writer = 'w\(writer)' AND sensor = 'counter'"
        ).rows()
        if case .integer(let last)? = rows.first?.first { return Int(last) + 1 }
        return 0
    }

    // MARK: Reading

    private func read() {
        // Row counts of whole batches, by writer, as far as they were needed.
        var totals = Totals()
        var last: [String: Int] = [:]
        while !isOver { look(&totals, &last) }
    }

    private func look() {
        var totals = Totals()
        var last: [String: Int] = [:]
        look(&totals, &last)
    }

    /// One statement, one snapshot: each writer's batches are whole and without a hole, the newest
    /// value of its counter is there, and nothing that was seen goes away.
    private func look(_ totals: inout Totals, _ last: inout [String: Int]) {
        do throws(BelfryError) {
            let rows = try database.run(
                """
                SELECT writer, count(*) FILTER (WHERE idx >= 0),
                    max(seq) FILTER (WHERE idx >= 0), max(seq) FILTER (WHERE idx < 0),
                    count(*) FILTER (WHERE idx < 0)
                FROM torture GROUP BY writer
                """
            ).rows()
            for row in rows {
                guard case .text(let name) = row[0], let writer = Int(name.dropFirst()),
                    case .integer(let count) = row[1], case .integer(let newest) = row[2],
                    case .integer(let counter) = row[3], case .integer(let counters) = row[4]
                else {
                    broken("a row of another kind: \(row)")
                    return
                }
                let expected = totals.rows(writer, through: Int(newest))
                if Int(count) != expected || newest != counter || counters != 1 {
                    broken(
                        "\(name): \(count) rows to batch \(newest), \(expected) expected, "
                            + "counter \(counter), \(counters) of them")
                }
                if Int(newest) < last[name] ?? 0 {
                    broken("\(name): batch \(newest) after \(last[name] ?? 0)")
                }
                last[name] = Int(newest)
            }
            state.withLock { $0.readCount += 1 }
        } catch {
            Line.write("unread \(error.code) \(error.message)")
            usleep(5_000)
        }
    }

    private func broken(_ what: String) {
        Line.write("broken \(what)")
        state.withLock { $0.isBroken = true }
    }

    // MARK: Upkeep

    /// Flushes and compacts by hand, so that the ends of both meet writes at any moment.
    private func keepUp() {
        var round = 0
        while !isOver {
            usleep(60_000)
            round += 1
            do throws(BelfryError) {
                if round % 4 == 0 { try database.compact() } else { try database.flush() }
            } catch { Line.write("upkeep \(error.code) \(error.message)") }
        }
    }
}

/// How many rows a writer's first batches have.
private struct Totals {
    private var sums: [Int: [Int]] = [:]

    mutating func rows(_ writer: Int, through number: Int) -> Int {
        var known = sums[writer] ?? []
        while known.count <= number {
            known.append(
                (known.last ?? 0) + TortureBatch.size(writer: writer, number: known.count))
        }
        sums[writer] = known
        return known[number]
    }
}
