/// The greatest common divisor of many numbers, and exact division by it.
///
/// Both run on the inverse modulo 2^64 in place of the division instruction: for odd `d`,
/// `u / d == u &* inverse(d)` when `d` divides `u`, and the product exceeds `max / d` when not.
struct Divisor {
    let value: UInt64
    private let shift: UInt64
    private let inverse: UInt64
    private let quotientLimit: UInt64

    /// - Precondition: `value` is not zero.
    init(_ value: UInt64) {
        self.value = value
        shift = UInt64(value.trailingZeroBitCount)
        let odd = value >> shift
        quotientLimit = UInt64.max / odd
        // Newton: each step doubles the correct low bits; three are correct at first.
        var inverse = odd
        for _ in 0..<5 { inverse = inverse &* (2 &- odd &* inverse) }
        self.inverse = inverse
    }

    /// The quotient where the divisor divides `number`; anything else otherwise.
    @inline(__always)
    func quotient(_ number: UInt64) -> UInt64 { (number &>> shift) &* inverse }

    @inline(__always)
    func divides(_ number: UInt64) -> Bool {
        let odd = number &>> shift
        return odd &<< shift == number && odd &* inverse <= quotientLimit
    }

    static func gcd(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var larger = first
        var smaller = second
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }

    /// The greatest common divisor of all numbers, 1 where all are zero. Numbers without one are
    /// noticed after a few.
    static func common(of numbers: Span<UInt64>) -> Divisor {
        var divisor: Divisor?
        for index in 0..<numbers.count {
            let number = unsafe numbers[unchecked: index]
            if number == 0 { continue }
            if number == 1 { return Divisor(1) }
            guard let current = divisor else {
                divisor = Divisor(number)
                continue
            }
            if current.divides(number) { continue }
            let common = gcd(current.value, number)
            if common == 1 { return Divisor(1) }
            divisor = Divisor(common)
        }
        return divisor ?? Divisor(1)
    }
}
