import BelfryCodecs
import BelfryCore

/// Why a strip has the form it has: its values are decoded and the encoder is asked again.
enum StripExplanation {
    /// Nil where the block has no such strip.
    static func text(
        _ reader: SegmentReader, block: Int, column: UInt32, isCold: Bool
    ) throws(StorageError) -> String? {
        var byteCount = 0
        guard let strip = try reader.strip(block, column: column, nil, bytesRead: &byteCount)
        else { return nil }
        do throws(FormatError) {
            var options = StripOptions()
            options.isCold = isCold
            let report = StripEncoder.explain(
                try values(of: strip), validity: try validity(of: strip), options: options)
            return "\(report)"
        } catch { throw reader.damage(error, block: block, column: column) }
    }

    private static func values(of strip: StripDecoder) throws(FormatError) -> StripValues {
        let vectors = 0..<strip.vectorCount
        switch strip.kind {
        case .integers:
            var all: [Int64] = []
            for vector in vectors { all += try strip.decodeIntegers(vector) }
            return .integers(all)
        case .doubles:
            var all: [Double] = []
            for vector in vectors { all += try strip.decodeDoubles(vector) }
            return .doubles(all)
        case .booleans:
            var all: [Bool] = []
            for vector in vectors { all += try strip.decodeBooleans(vector) }
            return .booleans(all)
        case .texts:
            var offsets: [UInt32] = [0]
            var bytes: [UInt8] = []
            for vector in vectors {
                let texts = try strip.decodeTexts(vector)
                let start = UInt32(bytes.count)
                offsets += texts.offsets.dropFirst().map { start + $0 }
                bytes += texts.bytes
                guard bytes.count <= Strip.textByteCountLimit else {
                    throw FormatError("more than 64 MiB of text in a strip", at: 0)
                }
            }
            return .texts(offsets: offsets, bytes: bytes)
        }
    }

    /// Nil where all rows have a value.
    private static func validity(of strip: StripDecoder) throws(FormatError) -> [UInt64]? {
        var words: [UInt64] = []
        var isPartial = false
        for vector in 0..<strip.vectorCount {
            let rowCount = strip.rowCount(of: vector)
            if let own = try strip.validity(of: vector) {
                words += own
                isPartial = true
            } else {
                let whole = rowCount / 64
                words += [UInt64](repeating: .max, count: whole)
                if rowCount % 64 > 0 { words.append((1 << UInt64(rowCount % 64)) - 1) }
            }
        }
        return isPartial ? words : nil
    }
}
