package import BelfryCore

/// What one DELETE by tags and time leaves: rows of these series and times, written before it, are
/// gone.
///
/// It hides rows of runs and segments whose last sequence is older than its own; what merges
/// sources applies it, and it goes once no older source overlaps it.
package struct Tombstone: Sendable, Hashable {
    package let table: UInt32
    /// Nil for all series of the table.
    package let series: SeriesSet?
    package let times: TimeRange
    /// The sequence of the deletion.
    package let sequence: UInt64

    package init(table: UInt32, series: SeriesSet?, times: TimeRange, sequence: UInt64) {
        self.table = table
        self.series = series
        self.times = times
        self.sequence = sequence
    }

    /// Format: `formats/manifest.md`, "Tombstone"; the same in segment footers and log records.
    func write(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(table))
        writer.writeVarint(sequence)
        writer.writeInt64(times.start.nanoseconds)
        writer.writeInt64(times.end.nanoseconds)
        guard let series else {
            writer.writeUInt8(0)
            return
        }
        writer.writeUInt8(1)
        writer.writeCount(series.count)
        var last: UInt32 = 0
        for number in series.numbers {
            writer.writeVarint(UInt64(number - last))
            last = number
        }
    }

    static func read(_ reader: inout ByteReader) throws(FormatError) -> Tombstone {
        let table = UInt32(try reader.readCount(limit: Int(UInt32.max), "table number"))
        let sequence = UInt64(try reader.readCount(limit: Manifest.numberLimit, "sequence"))
        let start = Timestamp(nanoseconds: try reader.readInt64())
        let end = Timestamp(nanoseconds: try reader.readInt64())
        let place = reader.offset
        guard start <= end, table > 0 else {
            throw FormatError("a tombstone of no table or with turned times", at: place)
        }
        let hasSeries = try reader.readUInt8()
        guard hasSeries <= 1 else {
            throw FormatError("a flag of value \(hasSeries)", at: place)
        }
        let series = hasSeries == 1 ? try readSeries(&reader) : nil
        return Tombstone(
            table: table, series: series, times: TimeRange(start: start, end: end),
            sequence: sequence)
    }

    /// A count and as many tombstones.
    static func readAll(_ reader: inout ByteReader) throws(FormatError) -> [Tombstone] {
        // One takes 19 bytes at least.
        let count = try reader.readCount(limit: reader.remaining / 19, "tombstone count")
        var tombstones: [Tombstone] = []
        tombstones.reserveCapacity(count)
        for _ in 0..<count { tombstones.append(try read(&reader)) }
        return tombstones
    }

    private static func readSeries(_ reader: inout ByteReader) throws(FormatError) -> SeriesSet {
        let count = try reader.readCount(limit: reader.remaining, "series count")
        var numbers: [UInt32] = []
        numbers.reserveCapacity(count)
        var last: UInt64 = 0
        for _ in 0..<count {
            let place = reader.offset
            let delta = try reader.readCount(limit: Int(UInt32.max), "series delta")
            last += UInt64(delta)
            guard delta > 0, last < UInt64(UInt32.max) else {
                throw FormatError("series that do not ascend", at: place)
            }
            numbers.append(UInt32(last))
        }
        return SeriesSet(ascending: numbers)
    }
}
