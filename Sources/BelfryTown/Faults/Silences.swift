/// Sensors that fall silent for hours: two in a hundred a day, from one to eleven hours.
struct Silences: Sendable {
    private let draws: [Draws]
    private var day = Int.min
    private var yesterday: [Range<Int>?]
    private var today: [Range<Int>?]

    init(mixer: Mixer, model: FaultModel, sensors: Int) {
        draws = (0..<sensors).map {
            mixer.draws(.silence, $0 * 64 + Int(model.stream.rawValue))
        }
        yesterday = [Range<Int>?](repeating: nil, count: sensors)
        today = yesterday
    }

    /// Makes ready for the ticks of an instant's day (in UTC; days must not go backwards).
    mutating func prepare(for time: Int) {
        let next = Fixed.floor(time, by: 86_400)
        guard next != day else { return }
        day = next
        for sensor in draws.indices {
            yesterday[sensor] = silence(sensor, day - 1)
            today[sensor] = silence(sensor, day)
        }
    }

    /// The silence that swallows a tick of a sensor.
    @inline(__always)
    func covering(_ sensor: Int, _ time: Int) -> Range<Int>? {
        if let range = today[sensor], range.contains(time) { return range }
        if let range = yesterday[sensor], range.contains(time) { return range }
        return nil
    }

    private func silence(_ sensor: Int, _ day: Int) -> Range<Int>? {
        guard draws[sensor](day).happens(perMillion: 20_000) else { return nil }
        let begin = day * 86_400 + draws[sensor](day, 1).below(86_400)
        return begin..<begin + 3_600 + draws[sensor](day, 2).below(36_000)
    }
}
