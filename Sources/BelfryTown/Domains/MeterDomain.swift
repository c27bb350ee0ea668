/// Electricity meters: two registers in watt-hours, read on every quarter hour for the energy
/// until then.
///
/// Load follows the customer's day, cold and heat; panels feed in what they make beyond it. The
/// registers run forward, and some of them roll over, are reset or exchanged.
struct MeterDomain: Domain {
    static let table = TownTable(
        name: "meter", tag: "meter",
        fields: [
            TownField(
                name: "energy", decimals: 0, declaration: "DOUBLE COUNTER UNIT 'Wh'",
                isCounter: true),
            TownField(
                name: "fed_in", decimals: 0, declaration: "DOUBLE COUNTER UNIT 'Wh'",
                isCounter: true),
        ],
        staleAfter: "1 hour")
    static let step = 900
    static let faults = FaultModel(
        stream: .meterFault, jitter: 0, phases: 0, lossPerMillion: 5_000,
        repeatsPerMillion: 5_000, gateways: 40)

    let sites: [Site]
    let customers: [Customer]
    private let load: [Draws]
    private let sessions: [Draws]
    private var registers: RegisterFaults
    /// Quarter watt-hours, so that a watt for a tick is a whole number: what the dials stand at.
    private var taken: [Int]
    private var given: [Int]
    /// What flowed since the start, whatever the dials say.
    private var flowed: [Int]
    private let start: Int

    init(drivers: Drivers, count: Int, start: Int) {
        let mixer = drivers.ground.mixer
        sites = drivers.ground.sites(.meter, count: count)
        customers = (0..<count).map { Customer(mixer.draws(.meterCustomer, $0)) }
        load = (0..<count).map { mixer.draws(.meterLoad, $0) }
        sessions = (0..<count).map { mixer.draws(.chargingSession, $0) }
        registers = RegisterFaults(mixer: mixer, start: start, sensors: count)
        taken = (0..<count).map { number in
            let dial = 1_000_000 + mixer.draws(.meterCustomer, number)(20).below(60_000_000)
            return 4 * RegisterFaults.initialDial(number, otherwise: dial)
        }
        given = customers.enumerated().map { number, customer in
            customer.panels == 0
                ? 0 : 4 * mixer.draws(.meterCustomer, number)(21).below(9_000_000)
        }
        flowed = [Int](repeating: 0, count: count)
        self.start = start
    }

    mutating func read(at moment: Moment, into values: inout [Int]) {
        let tick = moment.time / MeterDomain.step
        let levels = (
            home: moment.level(.home), office: moment.level(.office),
            industry: moment.level(.industry)
        )
        // The panels' share of their peak: less under clouds.
        let shine = Fixed.multiply(
            moment.sun, Fixed.one - Fixed.multiply(49_152, moment.cloud))
        let cold = max(0, 17_000 - moment.temperature)
        let heat = max(0, moment.temperatureEarlier - 22_000)
        for meter in sites.indices {
            let customer = customers[meter]
            let draw = load[meter](tick)
            var watts: Int
            switch customer.kind {
            case .household:
                watts = Fixed.multiply(customer.base, levels.home)
                // The stove and the washing machine: one quarter hour in sixteen by day.
                if draw & 0xFFFF < 4_096, levels.home > 36_000 { watts += 1_900 }
            case .office: watts = Fixed.multiply(customer.base, levels.office)
            case .industry: watts = Fixed.multiply(customer.base, levels.industry)
            }
            watts = Fixed.multiply(watts, Fixed.powerOfTwo(Fixed.multiply(draw.bell, 20_000)))
            // 3.5 per cent for each degree above 22 an hour ago.
            if customer.hasCooling { watts += watts * 35 * heat / 1_000_000 }
            if customer.heating > 0 { watts += customer.heating * cold / 1_000 }
            if customer.charger > 0 { watts += charging(meter, customer, moment) }
            let made = customer.panels > 0 ? Fixed.multiply(customer.panels, shine) : 0
            if tick * MeterDomain.step > start {
                taken[meter] += max(0, watts - made)
                given[meter] += max(0, made - watts)
                flowed[meter] += max(0, watts - made)
            }
            registers.apply(to: &taken[meter], meter: meter, tick: tick)
            values[meter * 2] = taken[meter] >> 2
            values[meter * 2 + 1] = given[meter] >> 2
        }
    }

    /// A charge on three evenings of four, of one to five hours.
    private func charging(_ meter: Int, _ customer: Customer, _ moment: Moment) -> Int {
        for day in [moment.localDay - 1, moment.localDay] {
            guard sessions[meter](day).happens(perMillion: 750_000) else { continue }
            let begin =
                (customer.shiftsCharging ? 22 * 3_600 : 17 * 3_600)
                + sessions[meter](day, 1).below(customer.shiftsCharging ? 3_600 : 10_800)
            let second = moment.localSecond + (moment.localDay - day) * 86_400
            let end = begin + 3_600 + sessions[meter](day, 2).below(14_400)
            if second >= begin, second < end { return customer.charger }
        }
        return 0
    }

    func truthFiles(_ truth: SeriesTruth) -> [(name: String, text: String)] {
        let names = sites.map { String(decoding: $0.name, as: UTF8.self) }
        var counters = TextBuffer()
        counters.append("meter,flowed,increase,falls\n")
        for meter in sites.indices {
            let figures = truth.figures[meter * 2]
            let flow = flowed[meter] >> 2
            counters.append("\(names[meter]),\(flow),\(figures.growth),\(figures.falls)\n")
        }
        var changes = TextBuffer()
        changes.append("meter,time,kind,before,after\n")
        for change in registers.changes {
            changes.append(names[change.meter])
            changes.comma()
            changes.time(change.tick * MeterDomain.step)
            changes.append(",\(change.kind.rawValue),\(change.before),\(change.after)\n")
        }
        return [
            ("truth/energy.csv", String(decoding: counters.bytes, as: UTF8.self)),
            ("truth/registers.csv", String(decoding: changes.bytes, as: UTF8.self)),
        ]
    }
}
