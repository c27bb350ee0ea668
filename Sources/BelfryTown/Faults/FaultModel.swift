/// How often and how a kind of sensor goes wrong.
struct FaultModel: Sendable {
    var stream: Mixer.Stream
    /// Seconds that a reading may be early or late against its own beat, rarely that much.
    var jitter: Int
    /// A device's own fixed place after the tick, in seconds below this; zero: all at the tick.
    var phases: Int
    /// Single readings that never arrive.
    var lossPerMillion: Int
    /// Readings that arrive twice.
    var repeatsPerMillion: Int
    var gateways: Int
}
