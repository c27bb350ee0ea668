/// Why a strip has the form it has: the forms that were weighed, about what each would take, and
/// which one was taken.
package struct ChoiceReport: Hashable, Sendable, CustomStringConvertible {
    /// A form and about how many bits a value takes in it.
    package struct Candidate: Hashable, Sendable, CustomStringConvertible {
        /// In words: "decimals with 1 digit".
        package let name: String
        package let bitsPerValue: Double

        package var description: String { "\(name): \(Self.rounded(bitsPerValue)) b/v" }

        /// Two digits behind the point.
        static func rounded(_ bits: Double) -> String {
            guard bits.isFinite, bits >= 0, bits < 1e6 else { return "\(bits)" }
            let hundredths = Int((bits * 100).rounded())
            let digits = hundredths % 100
            return "\(hundredths / 100).\(digits < 10 ? "0" : "")\(digits)"
        }
    }

    package let taken: Candidate
    /// What was weighed and left, in the order it was tried.
    package let others: [Candidate]

    package init(taken: Candidate, others: [Candidate] = []) {
        self.taken = taken
        self.others = others
    }

    /// "dictionary of 213 distinct values: 3.41 b/v, against 5.12 as decimals with 1 digit".
    package var description: String {
        if others.isEmpty { return taken.description }
        let rest = others.map { "\(Candidate.rounded($0.bitsPerValue)) as \($0.name)" }
        return taken.description + ", against " + rest.joined(separator: ", ")
    }
}

extension StripEncoder {
    /// What `encode` would make of the same values, and why.
    ///
    /// The bits of doubles are estimates on a sample, before statistics and checksums; other kinds
    /// have one form for a strip, and the bits are those of the strip.
    package static func explain(
        _ values: StripValues, validity: [UInt64]?, options: StripOptions = StripOptions()
    ) -> ChoiceReport {
        if case .doubles(let doubles) = values,
            let report = DoubleChooser(
                doubles.span, validity: validity, options: options, explains: true
            ).report
        {
            return report
        }
        var strip = encode(values, validity: validity, options: options)
        strip.seal(salt: 0, offset: 0)
        let bits = Double(strip.bytes.count * 8) / Double(max(1, values.count))
        let directory = try? StripDirectory(
            bytes: strip.bytes, kind: values.kind, rowCount: values.count, salt: 0, offset: 0)
        return ChoiceReport(
            taken: ChoiceReport.Candidate(
                name: directory?.codecs(values.kind) ?? "\(values.kind)", bitsPerValue: bits))
    }
}
