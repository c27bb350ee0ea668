/// Whether two columns are the same bit for bit, so that one strip does for both: what the encoder
/// would make of them is the same too.
extension StripValues {
    package func isSame(as other: StripValues) -> Bool {
        switch (self, other) {
        case (.integers(let one), .integers(let other)): return one == other
        case (.doubles(let one), .doubles(let other)):
            guard one.count == other.count else { return false }
            let (left, right) = (one.span, other.span)
            for row in 0..<left.count {
                let isEqual =
                    unsafe left[unchecked: row].bitPattern
                    == right[unchecked: row].bitPattern
                if !isEqual { return false }
            }
            return true
        case (.booleans(let one), .booleans(let other)): return one == other
        case (.texts(let offsets, let bytes), .texts(let otherOffsets, let otherBytes)):
            return offsets == otherOffsets && bytes == otherBytes
        case (.integers, _), (.doubles, _), (.booleans, _), (.texts, _): return false
        }
    }
}
