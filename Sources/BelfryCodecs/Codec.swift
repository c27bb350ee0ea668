/// The transforms of a strip and their numbers on disk.
///
/// Stage A turns what the column holds into integers, once for a strip; stage B puts the integers
/// of a vector into few bits. Each vector's tag names its shape of stage B and what it adds.
///
/// Format: `formats/codecs.md`, "Tags".
enum IntegerShape: UInt8, CaseIterable, Sendable {
    /// All values are equal.
    case constant = 0
    /// Each value is its predecessor and a step.
    case ramp = 1
    /// Frame of reference: offsets above a base.
    case frame = 2
    /// A seed, and differences above the least one.
    case delta = 3
    /// A seed, a first difference, and differences of differences above the least one.
    case secondDelta = 4
    /// Values, and how often each is repeated.
    case runs = 5
    /// Eight bytes a value, as in memory.
    case raw = 6
    /// Doubles as XOR with their predecessor.
    case gorilla = 7
}

/// The byte ahead of each vector's parameters: the shape in its low three bits, and flags.
struct VectorTag: Hashable, Sendable {
    var byte: UInt8

    init(_ shape: IntegerShape) { byte = shape.rawValue }
    init(byte: UInt8) { self.byte = byte }

    /// Three bits, so every byte has a shape.
    var shape: IntegerShape { IntegerShape(rawValue: byte & 7) ?? .constant }

    /// Residuals were divided by a number that follows.
    static let divided: UInt8 = 1 << 3
    /// Frame, delta, second delta: patches follow. Constant, ramp: it goes on for more vectors.
    static let patchedOrRepeated: UInt8 = 1 << 4
    /// Decimals: integers divided by the power of ten, where multiplying would miss.
    static let division: UInt8 = 1 << 5
    /// Doubles of a decimal strip: this vector is in ordered bits.
    static let ordered: UInt8 = 1 << 6
    /// Decimals: values that are none stand apart.
    static let exceptions: UInt8 = 1 << 7

    func has(_ flag: UInt8) -> Bool { byte & flag != 0 }
    mutating func set(_ flag: UInt8) { byte |= flag }
}

/// What the integers of a strip of doubles stand for, chosen once for the strip.
enum DoubleStage: Hashable, Sendable {
    /// Integers over this power of ten; vectors of other values are in ordered bits.
    case decimals(scale: Int)
    /// The same, and for each value how many doubles it is off.
    case corrected(scale: Int)
    /// Codes into the sorted distinct values of the strip.
    case dictionary
    /// Integers over this power of ten, rounded to a float and widened.
    case singles(scale: Int)
    /// Patterns cut in two: codes into the strip's left parts, and right parts of so many bits.
    case cut(rightWidth: Int)
    /// Ordered bits, or XOR where that was asked for.
    case patterns

    private static let firstCorrected: UInt8 = 0x20
    private static let dictionaryByte: UInt8 = 0x40
    private static let firstSingles: UInt8 = 0x60
    private static let firstCut: UInt8 = 0x80
    private static let patternsByte: UInt8 = 0xFF

    /// The number on disk.
    var byte: UInt8 {
        switch self {
        case .decimals(let scale): UInt8(scale)
        case .corrected(let scale): Self.firstCorrected + UInt8(scale)
        case .dictionary: Self.dictionaryByte
        case .singles(let scale): Self.firstSingles + UInt8(scale)
        case .cut(let rightWidth): Self.firstCut + UInt8(rightWidth - CutPatterns.widths.lowerBound)
        case .patterns: Self.patternsByte
        }
    }

    init?(byte: UInt8) {
        let limit = UInt8(Decimal.scaleLimit)
        switch byte {
        case 0...limit: self = .decimals(scale: Int(byte))
        case Self.firstCorrected...(Self.firstCorrected + limit):
            self = .corrected(scale: Int(byte - Self.firstCorrected))
        case Self.dictionaryByte: self = .dictionary
        case Self.firstSingles...(Self.firstSingles + limit):
            self = .singles(scale: Int(byte - Self.firstSingles))
        case Self.firstCut..<(Self.firstCut + UInt8(CutPatterns.widths.count)):
            self = .cut(rightWidth: Int(byte - Self.firstCut) + CutPatterns.widths.lowerBound)
        case Self.patternsByte: self = .patterns
        default: return nil
        }
    }

    /// Whether the distinct values of a dictionary may be held so.
    var mayBeOfDictionary: Bool {
        switch self {
        case .dictionary, .cut: false
        case .decimals, .corrected, .singles, .patterns: true
        }
    }

    /// The power of ten that stage B's integers are over.
    var scale: Int? {
        switch self {
        case .decimals(let scale), .corrected(let scale), .singles(let scale): scale
        case .dictionary, .cut, .patterns: nil
        }
    }
}

/// What the entries of a strip of doubles need to know of the strip.
struct DoubleForm: Hashable, Sendable {
    var stage: DoubleStage
    /// The power of ten of integers that statistics are written in; nil where they are doubles.
    var summaryScale: Int?

    /// - Parameter dictionaryScale: of a dictionary that holds decimals alone.
    init(_ stage: DoubleStage, dictionaryScale: Int? = nil) {
        self.stage = stage
        switch stage {
        case .decimals(let scale): summaryScale = scale
        case .dictionary: summaryScale = dictionaryScale
        case .corrected, .singles, .cut, .patterns: summaryScale = nil
        }
    }

    /// Whether integers measure the values: statistics are written in them, and follow from the
    /// parameters of a constant or ramp.
    var isDerivable: Bool {
        if case .decimals = stage { true } else { false }
    }
}

/// How texts are held.
enum TextStage: UInt8, Sendable {
    /// Lengths, and the texts of a vector end to end.
    case plain = 0
    /// Codes into the sorted distinct texts of the strip.
    case dictionary = 1
}
