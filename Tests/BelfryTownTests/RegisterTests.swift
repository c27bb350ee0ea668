import BelfryTown
import Testing

/// Registers never fall but where it was planted, and grow by what the truth says.
@Suite struct RegisterTests {
    private let town = TownText.small.text

    @Test func fallsAreThePlantedOnes() {
        let planted = Set(town.rows("truth/registers.csv").map { $0[0] })
        #expect(planted.isSuperset(of: ["M00001", "M00002", "M00003"]))
        let kinds = Set(town.rows("truth/registers.csv").map { $0[2] })
        #expect(kinds.isSuperset(of: ["reset", "exchange", "roll-over"]))

        var dials: [String: [(time: String, dial: Int)]] = [:]
        var given: [String: [(time: String, dial: Int)]] = [:]
        for row in town.rows("meter.csv") {
            if let dial = Int(row[2]) { dials[row[1], default: []].append((row[0], dial)) }
            if let dial = Int(row[3]) { given[row[1], default: []].append((row[0], dial)) }
        }
        var truth: [String: [String]] = [:]
        for row in town.rows("truth/energy.csv") { truth[row[0]] = row }
        for (meter, readings) in dials {
            var falls = 0
            var growth = 0
            let ordered = readings.sorted { $0.time < $1.time }
            for (before, after) in zip(ordered, ordered.dropFirst()) {
                if after.dial < before.dial {
                    falls += 1
                    growth += after.dial
                } else {
                    growth += after.dial - before.dial
                }
            }
            #expect(falls == 0 || planted.contains(meter))
            #expect(truth[meter]?[2] == "\(growth)")
            #expect(truth[meter]?[3] == "\(falls)")
            if falls == 0, !planted.contains(meter),
                let flowed = truth[meter].flatMap({ Int($0[1]) })
            {
                // Losses at the ends of the run aside, the dial shows what flowed.
                #expect(growth <= flowed + 1)
            }
        }
        for readings in given.values {
            let ordered = readings.sorted { $0.time < $1.time }
            for (before, after) in zip(ordered, ordered.dropFirst()) {
                #expect(after.dial >= before.dial)
            }
        }
    }

    /// Whoever feeds in has panels, and the panels do feed in by day.
    @Test func panelsFeedIn() {
        let solar = Set(town.rows("meter_site.csv").filter { $0[5] == "true" }.map { $0[0] })
        #expect(solar.count > 20)
        var range: [String: (least: Int, most: Int)] = [:]
        for row in town.rows("meter.csv") {
            guard let dial = Int(row[3]) else { continue }
            let known = range[row[1]] ?? (dial, dial)
            range[row[1]] = (min(known.least, dial), max(known.most, dial))
        }
        var feeding = 0
        for (meter, dial) in range where dial.most > dial.least {
            #expect(solar.contains(meter))
            feeding += 1
        }
        #expect(feeding > solar.count / 2)
    }
}
