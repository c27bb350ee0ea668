import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Testing

/// A workload stopped at every call to the file system, with any part of what was not synced lost:
/// all that was acknowledged is there, and what was not is whole or absent.
struct CrashTests {
    private enum Step {
        case create
        case write([StoreRow], DuplicateRule)
        case flush
        case compact
    }

    private static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 2 << 10
        options.wideSegmentCountLimit = 2
        options.runsUpkeep = false
        return options
    }

    private static func workload(_ seed: UInt64) -> [Step] {
        var generator = SeededGenerator(seed: seed)
        var steps: [Step] = [.create]
        for index in 0..<16 {
            steps.append(
                .write(
                    generator.storeRows(1 + generator.below(12)),
                    [.merge, .replace, .keep][generator.below(3)]))
            if index % 5 == 4 { steps.append(.flush) }
            if index % 9 == 8 { steps.append(.compact) }
        }
        return steps
    }

    /// What may be found after a workload: everything acknowledged, with the step that failed or
    /// without it.
    private struct Expectation {
        var without = StoreModel()
        var with = StoreModel()
        var hasTable = false
        var isAnyAmbiguous = false

        mutating func note(_ rows: [StoreRow], _ rule: DuplicateRule, isAcknowledged: Bool) {
            _ = with.apply(rows, rule: rule)
            if isAcknowledged {
                _ = without.apply(rows, rule: rule)
            } else {
                isAnyAmbiguous = true
            }
        }
    }

    private static func run(
        _ steps: [Step], on fileSystem: SimulatedFileSystem
    ) -> Expectation {
        var expectation = Expectation()
        guard let store = try? Store.open(fileSystem, options: options) else { return expectation }
        for step in steps {
            switch step {
            case .create:
                guard (try? store.createTable(ModelTable.schema, ifNotExists: true)) != nil
                else { return expectation }
                expectation.hasTable = true
            case .write(let rows, let rule):
                guard let table = store.snapshot().catalog.table(named: "readings") else {
                    return expectation
                }
                let batch = ModelTable.batch(rows, table: table)
                let isAcknowledged =
                    (try? store.write([batch], rule: rule, isCounted: false)) != nil
                // After the first failure of the power everything fails; of the later writes none
                // reached the log.
                if !isAcknowledged && expectation.isAnyAmbiguous { continue }
                expectation.note(rows, rule, isAcknowledged: isAcknowledged)
            case .flush: try? store.flush()
            case .compact: try? store.compact()
            }
        }
        return expectation
    }

    private static func verify(
        _ store: Store, _ expectation: Expectation, _ place: String
    ) throws {
        let hasTable = store.snapshot().catalog.table(named: "readings") != nil
        #expect(hasTable || !expectation.hasTable, "\(place): the table is gone")
        guard hasTable else { return }
        let found = try ModelTable.model(store.snapshot())
        #expect(
            found == expectation.without || found == expectation.with,
            "\(place): acknowledged \(expectation.without.rows.count) rows, found \(found?.rows.count ?? -1)"
        )
        let report = store.check()
        #expect(report.isSound, "\(place): \(report.problems)")
    }

    @Test(arguments: UInt64(1)...2)
    func powerLossAtEveryCall(seed: UInt64) throws {
        let steps = Self.workload(seed)
        let whole = SimulatedFileSystem()
        _ = Self.run(steps, on: whole)
        var generator = SeededGenerator(seed: seed &* 977)
        for call in 0..<whole.callCount {
            let fileSystem = SimulatedFileSystem()
            fileSystem.fail(call: call, .powerLoss)
            let expectation = Self.run(steps, on: fileSystem)
            let after = fileSystem.crashed(&generator)
            let place = "seed \(seed), call \(call)"
            do {
                let store = try Store.open(after, options: Self.options)
                try Self.verify(store, expectation, place)
                // It goes on from there.
                if let table = store.snapshot().catalog.table(named: "readings") {
                    _ = try store.write(
                        [ModelTable.batch([StoreRow(sensor: 99, time: 1)], table: table)],
                        rule: .merge, isCounted: false)
                }
                try store.close()
            } catch { Issue.record("\(place): \(error)") }
        }
    }

    @Test func powerLossWithinRecovery() throws {
        let steps = Self.workload(5)
        let whole = SimulatedFileSystem()
        _ = Self.run(steps, on: whole)
        var generator = SeededGenerator(seed: 5)
        for call in stride(from: 0, to: whole.callCount, by: 7) {
            let fileSystem = SimulatedFileSystem()
            fileSystem.fail(call: call, .powerLoss)
            let expectation = Self.run(steps, on: fileSystem)
            let first = fileSystem.crashed(&generator)
            for second in 0..<40 {
                let again = first.killed()
                again.fail(call: second, .powerLoss)
                let isOpened = (try? Store.open(again, options: Self.options)) != nil
                let after = again.crashed(&generator)
                let place = "call \(call), then \(second)"
                do {
                    let store = try Store.open(after, options: Self.options)
                    try Self.verify(store, expectation, place)
                } catch { Issue.record("\(place): \(error)") }
                if isOpened { break }
            }
        }
    }

    @Test(arguments: [
        SimulatedFileSystem.Fault.refusal(.diskFull), .refusal(.input), .shortWrite,
    ])
    func oneFailingCall(fault: SimulatedFileSystem.Fault) throws {
        let steps = Self.workload(3)
        let whole = SimulatedFileSystem()
        _ = Self.run(steps, on: whole)
        for call in 0..<whole.callCount {
            let fileSystem = SimulatedFileSystem()
            fileSystem.fail(call: call, fault)
            let expectation = Self.run(steps, on: fileSystem)
            let place = "\(fault) at call \(call)"
            do {
                let store = try Store.open(fileSystem.killed(), options: Self.options)
                try Self.verify(store, expectation, place)
                try store.close()
            } catch { Issue.record("\(place): \(error)") }
        }
    }
}
