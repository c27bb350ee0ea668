/// Up to 64 vectors of one column to a strip.
package enum StripEncoder {
    /// The strip of these values; bit `i` of `validity` says whether row `i` has a value, nil that
    /// all rows have one.
    /// - Precondition: at most 65,536 rows, and a validity word for every 64 of them.
    package static func encode(
        _ values: StripValues, validity: [UInt64]?, options: StripOptions = StripOptions()
    ) -> EncodedStrip {
        fatalError()
    }

    /// The sealed bytes of these values for a place known beforehand.
    package static func encode(
        _ values: StripValues, validity: [UInt64]?, salt: UInt64, offset: UInt64,
        options: StripOptions = StripOptions()
    ) -> [UInt8] {
        var strip = encode(values, validity: validity, options: options)
        strip.seal(salt: salt, offset: offset)
        return strip.bytes
    }
}
