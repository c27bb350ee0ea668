/// What draws a crowd: three times a day on average, at one of six venues.
struct CityEvent: Sendable {
    var kind: Int
    var venue: Int
    var zone: Int
    /// People: mostly a few hundred, rarely forty thousand.
    var attendance: Int
    /// Instants.
    var start: Int
    var end: Int

    static let kinds = ["concert", "football", "market", "theatre", "fair"]

    /// The share of the crowd that is there at an instant: it comes over two hours before the
    /// start and goes in the hour after the end.
    func presence(_ time: Int) -> Int {
        if time < start - 7_200 || time >= end + 3_600 { return 0 }
        if time < start { return ((time - start + 7_200) << 16) / 7_200 }
        if time < end { return Fixed.one }
        return ((end + 3_600 - time) << 16) / 3_600
    }

    /// Whether the crowd is on the road: on its way in, or out.
    func moves(_ time: Int) -> Bool {
        (time >= start - 7_200 && time < start) || (time >= end && time < end + 3_600)
    }
}

/// The calendar of events, a function of the local day.
struct CityEvents: Sendable {
    private let draws: Draws
    private let clock: TownZone
    let venues: [Site]

    init(mixer: Mixer, clock: TownZone, ground: Ground) {
        draws = mixer.draws(.cityEvent)
        self.clock = clock
        venues = ground.sites(.venue, count: 6)
    }

    /// The events that start on a local day, in order of their start.
    func on(day: Int) -> [CityEvent] {
        var events: [CityEvent] = []
        for slot in 0..<6 where draws(day, slot * 8).happens(perMillion: 500_000) {
            let venue = draws(day, slot * 8 + 1).below(venues.count)
            let chance = draws(day, slot * 8 + 2).fraction
            let exponent = Fixed.multiply(Fixed.multiply(chance, chance), 500_000)
            let quarter = 56 + draws(day, slot * 8 + 3).below(29)
            let start = clock.midnight(ofDay: day) + quarter * 900
            events.append(
                CityEvent(
                    kind: draws(day, slot * 8 + 4).below(CityEvent.kinds.count),
                    venue: venue,
                    zone: venues[venue].zone,
                    attendance: Fixed.multiply(200, Fixed.powerOfTwo(exponent)),
                    start: start,
                    end: start + 3_600 + draws(day, slot * 8 + 5).below(17) * 900))
        }
        return events.sorted { ($0.start, $0.venue) < ($1.start, $1.venue) }
    }
}
