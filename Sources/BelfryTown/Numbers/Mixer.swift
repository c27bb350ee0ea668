/// All randomness of the town: a pure function of (seed, stream, sensor, tick, number).
///
/// Nothing is drawn from a sequence, so any reading can be made alone, in any order, and comes out
/// the same. Integer add, xor-shift and multiply only.
struct Mixer: Sendable {
    let seed: UInt64

    /// The draws of one sensor, or of one city-wide process, for one purpose.
    func draws(_ stream: Stream, _ sensor: Int = 0) -> Draws {
        let named =
            Mixer.scramble(seed)
            &+ stream.rawValue &* 0xD6E8_FEB8_6659_FD93
            &+ UInt64(truncatingIfNeeded: sensor) &* 0xA076_1D64_78BD_642F
        return Draws(base: Mixer.scramble(named))
    }

    /// A bijection of 64 bits in which every input bit reaches every output bit.
    @inline(__always)
    static func scramble(_ word: UInt64) -> UInt64 {
        var mixed = word
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// What a draw is for. The numbers are part of what a seed means and are never reused.
    enum Stream: UInt64, Sendable {
        case zone = 1
        case site = 2
        case cloud = 10
        case synoptic = 11
        case heatWave = 12
        case windSpeed = 13
        case windDirection = 14
        case pressure = 15
        case humidity = 16
        case rain = 17
        case dayLevel = 18
        case cityEvent = 19
        case incident = 20
        case haze = 21
        case weatherNoise = 30
        case trafficNoise = 31
        case airNoise = 32
        case parkingFlow = 33
        case meterLoad = 34
        case meterCustomer = 35
        case chargingSession = 36
        case registerFault = 37
        case weatherFault = 50
        case trafficFault = 51
        case airFault = 52
        case parkingFault = 53
        case meterFault = 54
        case silence = 60
        case outage = 61
    }
}

/// The draws of one (seed, stream, sensor): 64 bits for each tick and number.
struct Draws: Sendable {
    let base: UInt64

    @inline(__always)
    func callAsFunction(_ tick: Int, _ number: Int = 0) -> UInt64 {
        Mixer.scramble(
            base
                &+ UInt64(truncatingIfNeeded: tick) &* 0x9E37_79B9_7F4A_7C15
                &+ UInt64(truncatingIfNeeded: number) &* 0xC2B2_AE3D_27D4_EB4F)
    }
}

/// Shapes made of 64 even bits.
extension UInt64 {
    /// An even number in `0 ..< one`.
    @inline(__always)
    var fraction: Int { Int(self >> 48) }

    /// An even number in `-one ..< one`.
    @inline(__always)
    var swing: Int { Int(self >> 47) - Fixed.one }

    /// An even number in `0 ..< count`.
    @inline(__always)
    func below(_ count: Int) -> Int { Int(((self >> 32) &* UInt64(count)) >> 32) }

    /// True for `share` of a million.
    @inline(__always)
    func happens(perMillion share: Int) -> Bool { below(1_000_000) < share }

    /// A bell of mean 0 and standard deviation one, the sum of four even numbers: within 3.5.
    @inline(__always)
    var bell: Int {
        let sum =
            Int(self & 0xFFFF) + Int(self >> 16 & 0xFFFF)
            + Int(self >> 32 & 0xFFFF) + Int(self >> 48)
        return ((sum - 131_070) * 113_512) >> 16
    }

    /// A triangle over `-reach ... reach`, of the upper half of the bits.
    @inline(__always)
    func triangle(_ reach: Int) -> Int {
        let left = (Int(self >> 32 & 0xFFFF) * (reach + 1)) >> 16
        let right = (Int(self >> 48) * (reach + 1)) >> 16
        return left - right
    }
}
