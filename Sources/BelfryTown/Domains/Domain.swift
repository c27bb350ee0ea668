/// One kind of sensor: where they stand and what they read at an instant.
///
/// A domain is asked for every tick in order. Most are functions of the moment alone; those that
/// keep stocks or registers carry them from tick to tick.
protocol Domain: Sendable {
    static var table: TownTable { get }
    /// Seconds between two readings of a sensor.
    static var step: Int { get }
    static var faults: FaultModel { get }

    var sites: [Site] { get }

    /// Where a run has to begin so that its readings from `start` on are right.
    func beginning(for start: Int, clock: TownZone) -> Int

    /// Reads every sensor: row by row, a value for each field, in the field's own resolution.
    mutating func read(at moment: Moment, into values: inout [Int])

    /// What only this domain knows about itself, as files of the truth folder.
    func truthFiles(_ truth: SeriesTruth) -> [(name: String, text: String)]
}

extension Domain {
    func beginning(for start: Int, clock: TownZone) -> Int { start }

    func truthFiles(_ truth: SeriesTruth) -> [(name: String, text: String)] { [] }
}

/// A table of readings: one tag, then the fields.
struct TownTable: Sendable {
    var name: String
    var tag: String
    var fields: [TownField]
    var staleAfter: String
}

/// A column of readings, kept as whole numbers in the sensor's resolution.
struct TownField: Sendable {
    var name: String
    /// Digits behind the point.
    var decimals: Int
    /// What stands behind its name in CREATE TABLE.
    var declaration: String
    var isCounter = false
    /// The texts that the numbers stand for; empty for numbers that are numbers.
    var words: [String] = []
}

/// The domains that readings can be had of.
package enum TownDomain: String, CaseIterable, Sendable {
    case traffic, air, weather, parking, meter
}
