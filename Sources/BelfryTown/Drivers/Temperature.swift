/// The city's air temperature in thousandths of a degree: season, sun, weather, heat waves.
struct Temperature: Sendable {
    private let place: Place
    private let sun: Sun
    private let cloud: Cloud
    private let synoptic: OctaveNoise
    private let waves: Draws

    init(mixer: Mixer, place: Place, sun: Sun, cloud: Cloud) {
        self.place = place
        self.sun = sun
        self.cloud = cloud
        waves = mixer.draws(.heatWave)
        synoptic = OctaveNoise(
            draws: mixer.draws(.synoptic),
            octaves: [
                .init(period: 172_800, reach: 4_200), .init(period: 432_000, reach: 4_200),
                .init(period: 864_000, reach: 3_600),
            ])
    }

    func callAsFunction(_ time: Int) -> Int {
        // The air follows the sun by two hours, the year by a month.
        let season = Fixed.sine(Sun.yearTurn(time) - 19_661)
        let warmth = Fixed.multiply(
            sun.height(time - 7_200), Fixed.one - Fixed.multiply(39_322, cloud(time)))
        return place.meanTemperature + Fixed.multiply(place.yearlySwing, season)
            + Fixed.multiply(7_000, warmth) + synoptic(time) + heatWave(time)
    }

    /// Six to nine degrees for three to eight days, at most one in 24 days, in summer alone.
    private func heatWave(_ time: Int) -> Int {
        let slot = 24 * 86_400
        let number = Fixed.floor(time, by: slot)
        let season = Fixed.sine(Sun.yearTurn(number * slot + slot / 2) - 19_661)
        let summer = place.yearlySwing < 0 ? -season : season
        guard summer > 32_768, waves(number).happens(perMillion: 750_000) else { return 0 }
        let begin = number * slot + waves(number, 1).below(12 * 86_400)
        let end = begin + 3 * 86_400 + waves(number, 2).below(5 * 86_400)
        guard time > begin, time < end else { return 0 }
        let strength = 6_000 + waves(number, 3).below(3_000)
        // It comes and goes within half a day.
        let ramp = min(time - begin, end - time, 43_200)
        return strength * ramp / 43_200
    }
}
