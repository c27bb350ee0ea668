/// One bit a row in 64-bit words: which rows of a vector are meant. No bit is set beyond the rows.
enum RowBits {
    static func none(_ rowCount: Int) -> [UInt64] {
        [UInt64](repeating: 0, count: EncodedBits.wordCount(rows: rowCount))
    }

    static func all(_ rowCount: Int) -> [UInt64] {
        var words = [UInt64](repeating: .max, count: EncodedBits.wordCount(rows: rowCount))
        clearBeyond(&words, rowCount)
        return words
    }

    static func clearBeyond(_ words: inout [UInt64], _ rowCount: Int) {
        if rowCount % 64 != 0 { words[words.count - 1] &= (1 << UInt64(rowCount % 64)) - 1 }
    }

    static func count(_ words: [UInt64]) -> Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    static func intersect(_ words: inout [UInt64], _ other: [UInt64]) {
        for index in words.indices { words[index] &= other[index] }
    }

    static func invert(_ words: inout [UInt64], _ rowCount: Int) {
        for index in words.indices { words[index] = ~words[index] }
        clearBeyond(&words, rowCount)
    }

    static func set(_ words: inout [UInt64], _ row: Int, _ isSet: Bool) {
        let bit: UInt64 = 1 << UInt64(row % 64)
        if isSet { words[row / 64] |= bit } else { words[row / 64] &= ~bit }
    }

    /// The bits of slots at the rows that have one.
    static func spread(_ slots: [UInt64], _ validity: [UInt64]) -> [UInt64] {
        var rows = [UInt64](repeating: 0, count: validity.count)
        var slot = 0
        for index in validity.indices {
            var rest = validity[index]
            while rest != 0 {
                let bit = rest & (~rest &+ 1)
                if slots[slot / 64] >> UInt64(slot % 64) & 1 == 1 { rows[index] |= bit }
                slot += 1
                rest &= rest &- 1
            }
        }
        return rows
    }

    /// The bits of rows at the slots of those that have one.
    static func gather(_ rows: [UInt64], _ validity: [UInt64], slotCount: Int) -> [UInt64] {
        var slots = none(slotCount)
        var slot = 0
        for index in validity.indices {
            var rest = validity[index]
            while rest != 0 {
                if rows[index] >> UInt64(rest.trailingZeroBitCount) & 1 == 1 {
                    slots[slot / 64] |= 1 << UInt64(slot % 64)
                }
                slot += 1
                rest &= rest &- 1
            }
        }
        return slots
    }

    // MARK: Comparing

    /// Which values lie from `low` to `high`.
    /// - Precondition: `low <= high`.
    @inline(never)
    static func marked(_ values: Span<Int64>, low: Int64, high: Int64) -> [UInt64] {
        var words = none(values.count)
        var span = words.mutableSpan
        // One comparison for both ends: what is below `low` wraps to above all.
        let reach = UInt64(bitPattern: high &- low)
        var row = 0
        while row < values.count {
            let end = min(values.count, row &+ 64)
            var word: UInt64 = 0
            var index = end
            while index > row {
                index &-= 1
                let above = unsafe UInt64(bitPattern: values[unchecked: index] &- low)
                word = word &<< 1 | (above <= reach ? 1 : 0)
            }
            unsafe span[unchecked: row &>> 6] = word
            row = end
        }
        return words
    }
}
