import BelfryCore
import BelfryTestSupport
import Synchronization

@testable import BelfryStorage

/// A workload on a simulated disk, looked at from outside: before every call that changes
/// something the power goes, on a copy, and what the next opening finds is held against the oracle.
///
/// What must hold of a store that is opened after a crash (`violation`):
/// - it opens, for writing;
/// - it holds what was there after some step of the workload: none before the last one that was
///   durable when the power went, none after the one that was under way. So acknowledged writes are
///   there, later ones are a prefix of them in order, a batch is whole or absent, and nothing else
///   exists;
/// - counts without columns and rows chosen by tags say the same as the rows themselves;
/// - `check` finds every file sound, and its epoch was never used before;
/// - nothing stands in quarantine without its reason, and bytes under watch are somewhere.
final class CrashRun: Sendable {
    let steps: [WorkStep]
    let options: StoreOptions
    /// What should be there after each number of steps.
    let states: [OracleState]
    /// Bytes that must be found in some file, once they were put there.
    let watched: Mutex<[[UInt8]]> = Mutex([])

    struct Progress: Sendable {
        var done = 0
        /// Steps whose effects must survive a loss of power.
        var durable = 0
        var epoch: UInt64 = 0
        var isOver = false
    }

    private let progress = Mutex(Progress())

    init(_ steps: [WorkStep], _ options: StoreOptions) {
        self.steps = steps
        self.options = options
        var state = OracleState()
        var states = [state]
        for step in steps {
            state.apply(step)
            states.append(state)
        }
        self.states = states
    }

    var now: Progress { progress.withLock { $0 } }

    func random(_ seed: UInt64) -> @Sendable () -> UInt64 {
        let generator = Mutex(SeededGenerator(seed: seed))
        return { generator.withLock { $0.next() } }
    }

    // MARK: Running

    /// Carries the steps out; each must succeed, or be refused where it says so.
    func run(on fileSystem: SimulatedFileSystem) throws {
        var store: Store? = try open(fileSystem)
        for step in steps {
            if progress.withLock({ $0.isOver }) { return }
            if let current = store { try carryOut(step, current, fileSystem) }
            switch step {
            case .reopen(let isClosed):
                if isClosed {
                    try store?.close()
                    progress.withLock { $0.durable = $0.done }
                }
                store = nil
                store = try open(fileSystem)
            case .meddle(let body):
                store = nil
                let bytes = body(fileSystem)
                watched.withLock { $0 += bytes }
                store = try open(fileSystem)
            case .poisonedWrite:
                store = nil
                store = try open(fileSystem)
            default: break
            }
            let makesDurable = makesDurable(step)
            progress.withLock { progress in
                progress.done += 1
                if makesDurable { progress.durable = progress.done }
            }
        }
        try store?.close()
        progress.withLock { $0.durable = $0.done }
    }

    /// No step is begun any more.
    func stop() { progress.withLock { $0.isOver = true } }

    private func open(_ fileSystem: SimulatedFileSystem) throws -> Store {
        let store = try Store.open(
            fileSystem, options: options, random: random(UInt64(now.done) &* 7919))
        let epoch = store.state.withLock { $0.manifest.epoch }
        progress.withLock { $0.epoch = epoch }
        return store
    }

    private func makesDurable(_ step: WorkStep) -> Bool {
        switch step {
        case .write, .delete, .refusedWrite: options.durability == .sync
        case .create, .drop, .addColumn, .flush, .compact, .sync, .reopen, .meddle,
            .poisonedWrite:
            true
        }
    }

    private func carryOut(
        _ step: WorkStep, _ store: Store, _ fileSystem: SimulatedFileSystem
    ) throws {
        switch step {
        case .create(let name):
            _ = try store.createTable(Workload.schema(name), ifNotExists: false)
        case .drop(let name): _ = try store.dropTable(name, ifExists: false)
        case .addColumn(let table, let name):
            _ = try store.addColumns(
                [ColumnSchema(name: name, type: .bigint, role: .field)], toTable: table)
        case .write(let batches, let rule): try Workload.write(batches, rule, to: store)
        case .delete(let table, let sensors, let hours):
            try Workload.delete(table, sensors, hours, of: store)
        case .refusedWrite(let batches, let byteCount):
            try refuse(batches, byteCount, store, fileSystem)
        case .poisonedWrite(let batches): try poison(batches, store, fileSystem)
        case .flush: try store.flush()
        case .compact: try store.compact()
        case .sync: store.syncInBackground()
        case .reopen, .meddle: break
        }
    }

    private func refuse(
        _ batches: [WorkBatch], _ byteCount: Int, _ store: Store,
        _ fileSystem: SimulatedFileSystem
    ) throws {
        // Where there is a log file, the next write to any file is the record.
        if store.state.withLock({ $0.log == nil }) { return }
        fileSystem.fail(.write, .cutWrite(byteCount))
        var failure: StorageError?
        do throws(StorageError) {
            try Workload.write(batches, .merge, to: store)
        } catch { failure = error }
        if failure?.code != .diskFull {
            throw OracleFailure(text: "a write was to be refused: \(String(describing: failure))")
        }
    }

    private func poison(
        _ batches: [WorkBatch], _ store: Store, _ fileSystem: SimulatedFileSystem
    ) throws {
        // Only where the next sync is the record's, or the timer's.
        let isReady = store.state.withLock { $0.log != nil && $0.sealed == nil }
        if options.durability == .sync && isReady { fileSystem.fail(.sync, .refusal(.input)) }
        var failure: StorageError?
        do throws(StorageError) {
            try Workload.write(batches, .merge, to: store)
        } catch { failure = error }
        if options.durability == .sync {
            if isReady == (failure == nil) {
                throw OracleFailure(text: "a sync was to fail: \(String(describing: failure))")
            }
            return
        }
        if let failure { throw failure }
        if store.state.withLock({ $0.log != nil && $0.syncedThrough + 1 < $0.nextSequence }) {
            fileSystem.fail(.sync, .refusal(.input))
            store.syncInBackground()
            if store.state.withLock({ $0.refusal == nil }) {
                throw OracleFailure(text: "a sync was to fail, and did not")
            }
        }
    }

    // MARK: Looking

    /// What is wrong with the store that is found on a disk after a crash at this point; nil where
    /// all is as it must be. The store is closed again, and `found` told what it holds.
    func violation(
        on disk: SimulatedFileSystem, at point: Progress, seed: UInt64 = 1,
        goesOn: Bool = false, found: ((OracleState) -> Void)? = nil
    ) -> String? {
        do {
            let store = try Store.open(disk, options: options, random: random(seed))
            let state = try OracleState.read(store.snapshot())
            found?(state)
            if let text = explain(state, point) { return text }
            let isMeddled = steps.prefix(point.done + 1).contains {
                if case .meddle = $0 { true } else { false }
            }
            if !isMeddled, let damage = store.recoveryFindings.first(where: { $0.kind != .tornEnd })
            {
                return "what a crash left is taken for damage: \(damage)"
            }
            try checkShortcuts(store.snapshot(), state)
            let report = store.check()
            if !report.isSound { return "check: \(report.problems)" }
            let epoch = store.state.withLock { $0.manifest.epoch }
            if epoch <= point.epoch { return "epoch \(epoch) after \(point.epoch)" }
            if let text = strayed(disk) { return text }
            if goesOn { return try goOn(store, disk, state) }
            try store.close()
            return nil
        } catch { return "\(error)" }
    }

    private func explain(_ state: OracleState, _ point: Progress) -> String? {
        if states[point.durable...point.done].contains(state) { return nil }
        if point.done < steps.count {
            if state == states[point.done + 1] { return nil }
            // While it is being refused, a write may still turn out to be there.
            if case .refusedWrite(let batches, _) = steps[point.done] {
                var with = states[point.done]
                with.apply(batches, .merge)
                if state == with { return nil }
            }
        }
        return "found \(state.rowCount) rows in \(state.tables.count) tables, which is what was "
            + "there after no step from \(point.durable) to \(point.done) "
            + "(\(states[point.durable].rowCount) to \(states[point.done].rowCount) rows)"
    }

    /// The store goes on from there: a write is taken, survives all that a crash may take, and
    /// nothing else is lost by it.
    private func goOn(
        _ store: Store, _ disk: SimulatedFileSystem, _ state: OracleState
    ) throws -> String? {
        guard let name = state.tables.keys.min() else { return nil }
        let work = WorkBatch(
            table: name, rows: [WorkRow(sensor: 77, hour: 1, values: ["count": .integer(3)])])
        try Workload.write([work], .merge, to: store)
        if options.durability != .sync { store.syncInBackground() }
        var expected = state
        expected.apply([work], .merge)
        var generator = SeededGenerator(seed: 1)
        let again = try Store.open(disk.crashed(.nothing, &generator), options: options)
        return try OracleState.read(again.snapshot()) == expected
            ? nil : "a write after the crash, or what was there before, does not survive the next"
    }

    private func checkShortcuts(_ snapshot: Snapshot, _ state: OracleState) throws {
        for table in snapshot.catalog.tables {
            let rows = state.tables[table.name]?.rows ?? [:]
            let counting = try snapshot.scan(ScanRequest(table: table, columns: []))
            var count = 0
            while let batch = try counting.next() { count += batch.rowCount }
            if count != rows.count {
                throw OracleFailure(text: "\(count) rows counted, \(rows.count) read")
            }
            var request = ScanRequest(table: table, columns: [0, 1, 2])
            request.tags = .isIn(
                column: table.columns[2].number, values: [Array("sensor 1".utf8)])
            let chosen = try snapshot.scan(request)
            var keys: Set<ModelKey> = []
            while let batch = try chosen.next() {
                for row in 0..<batch.rowCount { keys.insert(Workload.key(batch, row)) }
            }
            if keys != Set(rows.keys.filter { $0.sensor == 1 }) {
                throw OracleFailure(text: "rows chosen by a tag differ from those read")
            }
        }
    }

    /// What was lost or stands unexplained beside the store.
    private func strayed(_ disk: SimulatedFileSystem) -> String? {
        let aside = disk.paths.filter { $0.hasPrefix("quarantine/") }
        for path in aside where !path.hasSuffix(".why") && !path.hasSuffix(".tmp") {
            if disk.bytes(path + ".why")?.last != 0x0a { return "\(path) has no reason beside it" }
        }
        for bytes in watched.withLock({ $0 }) {
            let isThere = disk.paths.contains { path in
                disk.bytes(path).map { Self.contains($0, bytes) } ?? false
            }
            if !isThere { return "bytes that nobody deleted are in no file" }
        }
        return nil
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard bytes.count >= part.count, let first = part.first else { return part.isEmpty }
        return bytes.indices.contains { start in
            bytes[start] == first && bytes[start...].starts(with: part)
        }
    }
}
