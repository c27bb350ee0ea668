/// The covered share of the sky: slow noise between three hours and five days.
struct Cloud: Sendable {
    private let noise: OctaveNoise

    init(mixer: Mixer) {
        noise = OctaveNoise(
            draws: mixer.draws(.cloud),
            octaves: [
                .init(period: 10_800, reach: 14_000), .init(period: 43_200, reach: 22_000),
                .init(period: 172_800, reach: 24_000), .init(period: 432_000, reach: 18_000),
            ])
    }

    func callAsFunction(_ time: Int) -> Int {
        Fixed.clamp(34_000 + noise(time), 0, Fixed.one)
    }
}
