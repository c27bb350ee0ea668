import BelfryCore

/// The series of a segment: numbers and keys, so that a segment explains itself.
///
/// In pages of up to 4,096 series of one table by ascending number; each key is written as what it
/// shares with the one before and the rest. The numbers are the segment's presence set.
enum SegmentDictionary {
    struct PagePlace: Sendable, Hashable {
        var table: UInt32
        var firstSeries: UInt32
        var lastSeries: UInt32
        var count: Int
        var offset: UInt64
        var byteCount: Int
    }

    /// The sealed bytes of a page that will stand at `offset`.
    static func encodePage(
        _ series: [(number: UInt32, key: SeriesKey)], salt: UInt64, offset: UInt64
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: series.count * 16)
        writer.writeCount(series.count)
        var lastNumber: UInt32 = 0
        var lastKey: [UInt8] = []
        for entry in series {
            let key = entry.key.bytes
            var shared = 0
            while shared < min(key.count, lastKey.count) && key[shared] == lastKey[shared] {
                shared += 1
            }
            writer.writeVarint(UInt64(entry.number &- lastNumber))
            writer.writeCount(shared)
            writer.writeCount(key.count - shared)
            writer.writeBytes(key[shared...])
            lastNumber = entry.number
            lastKey = key
        }
        SealedBytes.seal(&writer, salt: salt, offset: offset)
        return writer.bytes
    }

    static func decodePage(
        _ bytes: [UInt8], _ place: PagePlace, salt: UInt64
    ) throws(FormatError) -> [(number: UInt32, key: SeriesKey)] {
        let end = try SealedBytes.verify(
            bytes, salt: salt, offset: place.offset, "a dictionary page")
        var reader = unsafe ByteReader(bytes.span.bytes.extracting(0..<end))
        let count = try reader.readCount(limit: SegmentFormat.seriesPerPage, "series count")
        guard count == place.count, count <= reader.remaining / 3 else {
            throw FormatError("\(count) series in a page of \(place.count)", at: 0)
        }
        var series: [(number: UInt32, key: SeriesKey)] = []
        series.reserveCapacity(count)
        var number: UInt64 = 0
        var key: [UInt8] = []
        for index in 0..<count {
            let step = try reader.readVarint()
            guard step <= UInt64(UInt32.max) - number, index == 0 || step > 0 else {
                throw FormatError("series numbers out of order", at: reader.offset)
            }
            number += step
            let shared = try reader.readCount(limit: key.count, "shared byte count")
            let rest = try reader.readCountedBytes(
                limit: SeriesKey.byteCountLimit - shared, "key byte count")
            key.removeSubrange(shared...)
            key.append(contentsOf: rest)
            series.append((UInt32(number), SeriesKey(bytes: key)))
        }
        guard reader.isAtEnd, series.first?.number == place.firstSeries,
            series.last?.number == place.lastSeries
        else { throw FormatError("a dictionary page is not what the footer says", at: 0) }
        return series
    }
}
