/// Readings of one table in the order of their arrival, column by column but for the fields.
package struct ReadingChunk: Sendable {
    /// How a row came.
    package enum Arrival: UInt8, Sendable {
        case onTime
        /// A second delivery of the row before.
        case again
        /// Out of a gateway's backlog, after newer readings of others.
        case late
    }

    /// Stands for a field without a value.
    package static let empty = Int.min

    package let fieldCount: Int
    /// Seconds since 1970 in UTC.
    package private(set) var times: [Int] = []
    /// Numbers of the sensors in the table's list of sites.
    package private(set) var sensors: [Int32] = []
    /// Row by row, in each field's resolution.
    package private(set) var values: [Int] = []
    package private(set) var arrivals: [Arrival] = []

    package init(fieldCount: Int) { self.fieldCount = fieldCount }

    package var count: Int { times.count }

    @inline(__always)
    mutating func append(
        _ time: Int, _ sensor: Int32, _ row: ArraySlice<Int>, _ arrival: Arrival
    ) {
        times.append(time)
        sensors.append(sensor)
        values.append(contentsOf: row)
        arrivals.append(arrival)
    }

    mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        sensors.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        arrivals.removeAll(keepingCapacity: true)
    }
}
