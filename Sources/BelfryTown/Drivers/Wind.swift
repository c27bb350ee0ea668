/// The wind over the city: speed in hundredths of a metre a second, direction as a turn.
struct Wind: Sendable {
    private let speedNoise: OctaveNoise
    private let directionNoise: OctaveNoise

    init(mixer: Mixer) {
        speedNoise = OctaveNoise(
            draws: mixer.draws(.windSpeed),
            octaves: [
                .init(period: 3_600, reach: 90), .init(period: 21_600, reach: 200),
                .init(period: 86_400, reach: 260), .init(period: 345_600, reach: 300),
            ])
        directionNoise = OctaveNoise(
            draws: mixer.draws(.windDirection),
            octaves: [
                .init(period: 7_200, reach: 4_000), .init(period: 86_400, reach: 14_000),
                .init(period: 345_600, reach: 18_000),
            ])
    }

    func speed(_ time: Int) -> Int { max(20, 470 + speedNoise(time)) }

    /// From where it blows: 0 is north, a quarter turn east. South-west is the most frequent.
    func direction(_ time: Int) -> Int { (43_690 + directionNoise(time)) & 65_535 }
}
