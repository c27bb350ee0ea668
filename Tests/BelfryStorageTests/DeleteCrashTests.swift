import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Deletions, dropped partitions and emptied tables cut off at every call to the file system: what
/// was acknowledged as deleted stays deleted, and nothing else goes.
struct DeleteCrashTests {
    private enum Step {
        case write([StoreRow])
        case delete(TimeRange, sensors: Set<Int>?)
        case drop(TimeRange)
        case truncate
        case flush
        case compact
    }

    private static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 2 << 10
        options.wideSegmentCountLimit = 2
        options.segmentByteCountLimit = 600
        options.tombstoneCountLimit = 4
        options.runsUpkeep = false
        return options
    }

    private static func workload(_ seed: UInt64) -> [Step] {
        var generator = SeededGenerator(seed: seed)
        var steps: [Step] = []
        for index in 0..<14 {
            steps.append(.write(generator.storeRows(1 + generator.below(20))))
            let start = generator.below(60)
            let times = TimeRange(
                start: DeletePropertyTests.time(start),
                end: DeletePropertyTests.time(start + 1 + generator.below(20)))
            switch index % 7 {
            case 1: steps.append(.delete(times, sensors: nil))
            case 2: steps.append(.flush)
            case 3: steps.append(.delete(times, sensors: [generator.below(6), generator.below(6)]))
            case 4:
                let day = generator.below(3) * 24
                steps.append(
                    .drop(
                        TimeRange(
                            start: DeletePropertyTests.time(day),
                            end: DeletePropertyTests.time(day + 24))))
            case 5: steps.append(.compact)
            case 6: steps.append(generator.below(2) == 0 ? .truncate : .flush)
            default: break
            }
        }
        return steps
    }

    private static func apply(_ step: Step, to model: inout StoreModel) {
        switch step {
        case .write(let rows): _ = model.apply(rows, rule: .merge)
        case .delete(let times, let sensors):
            model.rows = model.rows.filter { key, _ in
                !(times.contains(Timestamp(nanoseconds: key.time))
                    && (sensors?.contains(key.sensor) ?? true))
            }
        case .drop(let times):
            model.rows = model.rows.filter { key, _ in
                !times.contains(Timestamp(nanoseconds: key.time))
            }
        case .truncate: model.rows = [:]
        case .flush, .compact: break
        }
    }

    private static func perform(_ step: Step, _ store: Store) throws(StorageError) -> Bool {
        guard let table = store.snapshot().catalog.table(named: "readings") else { return false }
        switch step {
        case .write(let rows):
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
        case .delete(let times, let sensors):
            let set = sensors.map { DeletePropertyTests.series($0, store.snapshot(), table) }
            // None of them is there, as far as anyone was told: nothing is deleted.
            if set?.isEmpty ?? false { return false }
            try store.delete(RangeDeletion(table: table, series: set, times: times))
        case .drop(let times):
            do throws(StorageError) {
                _ = try store.dropPartitions(ofTable: "readings", times: times)
            } catch  where error.code == .timeOutOfRange { return false }
        case .truncate: _ = try store.truncateTable("readings")
        case .flush: try store.flush()
        case .compact: try store.compact()
        }
        return true
    }

    /// The models that may be found: with what was acknowledged, or with the step that failed too.
    private static func run(
        _ steps: [Step], on fileSystem: SimulatedFileSystem
    ) -> (StoreModel, StoreModel)? {
        guard let store = try? Store.open(fileSystem, options: options, clock: ManualClock()),
            (try? store.createTable(ModelTable.schema, ifNotExists: true)) != nil
        else { return nil }
        var without = StoreModel()
        var with = StoreModel()
        var hasFailed = false
        for step in steps {
            let isDone = try? perform(step, store)
            if isDone == false || (isDone == nil && hasFailed) { continue }
            apply(step, to: &with)
            if isDone != nil { apply(step, to: &without) } else { hasFailed = true }
        }
        return (without, with)
    }

    private static func verify(
        _ fileSystem: SimulatedFileSystem, _ expected: (StoreModel, StoreModel)?, _ place: String
    ) {
        guard let expected else { return }
        do {
            let store = try Store.open(fileSystem, options: options, clock: ManualClock())
            let found = try ModelTable.model(store.snapshot())
            #expect(
                found == expected.0 || found == expected.1,
                "\(place): \(expected.0.rows.count) rows expected, \(found?.rows.count ?? -1) found"
            )
            let report = store.check()
            #expect(report.isSound, "\(place): \(report.problems)")
            // It goes on from there, and comes to rest at the same rows.
            try store.compact()
            #expect(try ModelTable.model(store.snapshot()) == found, "\(place): compacted")
            try store.close()
        } catch { Issue.record("\(place): \(error)") }
    }

    @Test(arguments: UInt64(1)...2)
    func powerLossAtEveryCall(seed: UInt64) {
        let steps = Self.workload(seed)
        let whole = SimulatedFileSystem()
        _ = Self.run(steps, on: whole)
        var generator = SeededGenerator(seed: seed &* 977)
        for call in 0..<whole.callCount {
            let fileSystem = SimulatedFileSystem()
            fileSystem.fail(call: call, .powerLoss)
            let expected = Self.run(steps, on: fileSystem)
            Self.verify(fileSystem.crashed(&generator), expected, "seed \(seed), call \(call)")
        }
    }

    @Test(arguments: [
        SimulatedFileSystem.Fault.refusal(.diskFull), .refusal(.input), .shortWrite,
    ])
    func oneFailingCall(fault: SimulatedFileSystem.Fault) {
        let steps = Self.workload(3)
        let whole = SimulatedFileSystem()
        _ = Self.run(steps, on: whole)
        for call in 0..<whole.callCount {
            let fileSystem = SimulatedFileSystem()
            fileSystem.fail(call: call, fault)
            // After one refusal the store goes on: of the steps that failed none may show up, but
            // for one whose record was durable when the rest of it failed.
            let expected = Self.run(steps, on: fileSystem)
            Self.verify(fileSystem.killed(), expected, "\(fault) at call \(call)")
        }
    }
}
