/// A domain's readings from the first tick to the last, faults included, in order of arrival.
///
/// Memory is bounded by the number of sensors and by what the gateways hold back.
struct ReadingStream<Source: Domain>: Sendable {
    private(set) var source: Source
    private(set) var truth: SeriesTruth
    private var drivers: Drivers
    private let reading: ReadingFaults
    private var silences: Silences
    private let outages: Outages
    private let shuffle: Draws

    private var tick: Int
    private let ticks: Range<Int>
    private var values: [Int]
    private var backlogs: [Backlog]
    /// By gateway: the outage that is going on or comes next.
    private var nextOutage: [Int]
    private var isDown: [Bool]
    private var order: [Int] = []

    init(source: Source, drivers: Drivers, period: Range<Int>) {
        let fields = Source.table.fields.count
        let mixer = drivers.ground.mixer
        let model = Source.faults
        let sensors = source.sites.count
        self.source = source
        self.drivers = drivers
        truth = SeriesTruth(table: Source.table, sites: source.sites)
        reading = ReadingFaults(mixer: mixer, model: model, sensors: sensors, fields: fields)
        silences = Silences(mixer: mixer, model: model, sensors: sensors)
        ticks = period.lowerBound / Source.step..<period.upperBound / Source.step
        outages = Outages(mixer: mixer, model: model, ticks: ticks, step: Source.step)
        shuffle = mixer.draws(.outage, 1_000 + Int(model.stream.rawValue))
        tick = source.beginning(for: period.lowerBound, clock: drivers.clock) / Source.step
        values = [Int](repeating: 0, count: sensors * fields)
        backlogs = [Backlog](repeating: Backlog(), count: model.gateways)
        nextOutage = [Int](repeating: 0, count: model.gateways)
        isDown = [Bool](repeating: false, count: model.gateways)
    }

    var expectedRows: Int { ticks.count * source.sites.count }

    /// Fills the chunk with what arrives in the next tick; false after the last.
    mutating func next(into chunk: inout ReadingChunk) -> Bool {
        chunk.removeAll()
        guard tick < ticks.upperBound else { return false }
        let time = tick * Source.step
        source.read(at: drivers.moment(at: time), into: &values)
        if tick >= ticks.lowerBound {
            silences.prepare(for: time)
            watchLines()
            collect(time, into: &chunk)
            deliver(time, into: &chunk)
            releaseBacklogs(into: &chunk)
        }
        tick += 1
        return true
    }

    private mutating func watchLines() {
        for gateway in isDown.indices {
            let planned = outages.ofGateway[gateway]
            let number = nextOutage[gateway]
            isDown[gateway] =
                number < planned.count && tick >= planned[number].from && tick < planned[number].to
        }
    }

    /// Decides every sensor's fate; those that get through stand in `order`.
    private mutating func collect(_ time: Int, into chunk: inout ReadingChunk) {
        let fields = Source.table.fields.count
        order.removeAll(keepingCapacity: true)
        for sensor in source.sites.indices {
            if let silence = silences.covering(sensor, time) {
                truth.silent(sensor, silence)
                continue
            }
            guard let fate = reading.fate(sensor: sensor, tick: tick) else {
                truth.lost(sensor)
                continue
            }
            let row = sensor * fields
            if let field = fate.emptyField { values[row + field] = ReadingChunk.empty }
            truth.record(sensor, time + fate.offset, values[row..<row + fields])
            let gateway = sensor % isDown.count
            if isDown[gateway] {
                backlogs[gateway].hold(time + fate.offset, sensor, values[row..<row + fields])
            } else {
                order.append(fate.offset << 33 | sensor << 1 | (fate.isRepeated ? 1 : 0))
            }
        }
    }

    private mutating func deliver(_ time: Int, into chunk: inout ReadingChunk) {
        let fields = Source.table.fields.count
        if Source.faults.phases > 0 { order.sort() }
        for key in order {
            let sensor = key >> 1 & 0xFFFF_FFFF
            let row = values[sensor * fields..<(sensor + 1) * fields]
            chunk.append(time + key >> 33, Int32(sensor), row, .onTime)
            if key & 1 == 1 { chunk.append(time + key >> 33, Int32(sensor), row, .again) }
        }
    }

    /// A line that is back sends what waited, after the first readings that get through.
    private mutating func releaseBacklogs(into chunk: inout ReadingChunk) {
        for gateway in isDown.indices {
            let number = nextOutage[gateway]
            guard number < outages.ofGateway[gateway].count else { continue }
            let outage = outages.ofGateway[gateway][number]
            guard tick == outage.to else { continue }
            truth.outage(
                outage, from: outage.from * Source.step, to: outage.to * Source.step,
                rows: backlogs[gateway].count)
            if backlogs[gateway].count > 0 {
                backlogs[gateway].release(
                    outage.order, shuffle: shuffle, fields: Source.table.fields.count,
                    into: &chunk)
            }
            nextOutage[gateway] += 1
        }
    }
}
