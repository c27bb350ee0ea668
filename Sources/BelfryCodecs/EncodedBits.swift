import BelfryCore

/// One bit a row, in the form that takes the fewest bytes: which rows have a value, and booleans.
///
/// In the directory: the form, and for bitmaps and runs how many bits are set; for runs also how
/// many runs. In the payload: the bitmap, lowest bit first; or the runs' lengths in two bytes each,
/// unset and set rows in turn, unset first (the first length may be 0).
struct EncodedBits: Hashable, Sendable {
    enum Form: UInt8, Sendable {
        case none = 0
        case all = 1
        case bitmap = 2
        case runs = 3
    }

    var form: Form
    var setCount: Int
    var runCount = 0

    func byteCount(rowCount: Int) -> Int {
        switch form {
        case .none, .all: 0
        case .bitmap: (rowCount + 7) / 8
        case .runs: 2 * runCount
        }
    }

    static func wordCount(rows: Int) -> Int { (rows + 63) / 64 }

    // MARK: Encoding

    /// The bits of a vector, whose words have no bit set beyond the rows.
    static func encode(
        _ words: [UInt64], rowCount: Int, into payload: inout [UInt8]
    ) -> EncodedBits {
        let setCount = words.reduce(0) { $0 + $1.nonzeroBitCount }
        if setCount == 0 { return EncodedBits(form: .none, setCount: 0) }
        if setCount == rowCount { return EncodedBits(form: .all, setCount: rowCount) }
        let lengths = runLengths(words, rowCount: rowCount, limit: rowCount / 16)
        if let lengths {
            for length in lengths {
                payload.append(UInt8(truncatingIfNeeded: length))
                payload.append(UInt8(truncatingIfNeeded: length >> 8))
            }
            return EncodedBits(form: .runs, setCount: setCount, runCount: lengths.count)
        }
        for index in 0..<((rowCount + 7) / 8) {
            payload.append(UInt8(truncatingIfNeeded: words[index / 8] >> UInt64(index % 8 * 8)))
        }
        return EncodedBits(form: .bitmap, setCount: setCount)
    }

    /// Nil where there are more runs than the limit.
    private static func runLengths(_ words: [UInt64], rowCount: Int, limit: Int) -> [Int]? {
        var lengths: [Int] = []
        var isSet = false
        var row = 0
        while row < rowCount {
            if lengths.count >= limit { return nil }
            let start = row
            while row < rowCount {
                // All rows up to the next change within the word at once.
                let rest = words[row / 64] >> UInt64(row % 64)
                let same = (isSet ? ~rest : rest).trailingZeroBitCount
                let inWord = min(64 - row % 64, rowCount - row)
                row += min(same, inWord)
                if same < inWord { break }
            }
            lengths.append(row - start)
            isSet.toggle()
        }
        return lengths
    }

    func write(_ writer: inout ByteWriter) {
        writer.writeUInt8(form.rawValue)
        switch form {
        case .none, .all: break
        case .bitmap: writer.writeCount(setCount)
        case .runs:
            writer.writeCount(setCount)
            writer.writeCount(runCount)
        }
    }

    // MARK: Decoding

    static func read(
        _ reader: inout ByteReader, rowCount: Int
    ) throws(FormatError) -> EncodedBits {
        let start = reader.offset
        let byte = try reader.readUInt8()
        guard let form = Form(rawValue: byte) else {
            throw FormatError("form of bits \(byte)", at: start)
        }
        switch form {
        case .none: return EncodedBits(form: .none, setCount: 0)
        case .all: return EncodedBits(form: .all, setCount: rowCount)
        case .bitmap:
            let setCount = try reader.readCount(limit: rowCount, "set bits")
            return EncodedBits(form: .bitmap, setCount: setCount)
        case .runs:
            let setCount = try reader.readCount(limit: rowCount, "set bits")
            let runCount = try reader.readCount(limit: rowCount + 1, "runs of bits")
            return EncodedBits(form: .runs, setCount: setCount, runCount: runCount)
        }
    }

    /// The words of the vector's rows; nil where all are set.
    func decode(
        _ bytes: RawSpan, at offset: Int, rowCount: Int
    ) throws(FormatError) -> [UInt64]? {
        var words = [UInt64](repeating: 0, count: Self.wordCount(rows: rowCount))
        switch form {
        case .none: return words
        case .all: return nil
        case .bitmap:
            let byteCount = (rowCount + 7) / 8
            let source = bytes.extracting(offset..<(offset + byteCount))
            for index in 0..<byteCount {
                let byte = unsafe source.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
            }
            if rowCount % 64 != 0, let last = words.last, last >> UInt64(rowCount % 64) != 0 {
                throw FormatError("bits beyond the \(rowCount) rows", at: offset)
            }
        case .runs:
            let source = bytes.extracting(offset..<(offset + 2 * runCount))
            var row = 0
            for run in 0..<runCount {
                let length = unsafe Int(
                    source.unsafeLoadUnaligned(fromByteOffset: 2 * run, as: UInt16.self))
                guard length <= rowCount - row else {
                    throw FormatError("runs of bits beyond the \(rowCount) rows", at: offset)
                }
                if run % 2 == 1 { Self.set(&words, row..<(row + length)) }
                row += length
            }
            guard row == rowCount else {
                throw FormatError("runs of \(row) bits, \(rowCount) expected", at: offset)
            }
        }
        let found = words.reduce(0) { $0 + $1.nonzeroBitCount }
        guard found == setCount else {
            throw FormatError("\(found) bits set, \(setCount) expected", at: offset)
        }
        return words
    }

    private static func set(_ words: inout [UInt64], _ rows: Range<Int>) {
        var row = rows.lowerBound
        while row < rows.upperBound {
            let count = min(64 - row % 64, rows.upperBound - row)
            let mask = count == 64 ? UInt64.max : (1 << UInt64(count)) - 1
            words[row / 64] |= mask << UInt64(row % 64)
            row += count
        }
    }
}
