/// Something that went wrong in the city, and how it was dealt with.
struct Incident: Sendable {
    var kind: Int
    var zone: Int
    var severity: Int
    /// Instants, in this order.
    var received: Int
    var dispatched: Int
    var onScene: Int
    var cleared: Int

    static let kinds = ["collision", "breakdown", "medical", "fire"]

    /// Collisions and breakdowns stand in the way.
    var blocksRoad: Bool { kind < 2 }
}

/// The incidents of the city, a function of the hour: about sixty a day, more in rain, in the
/// dark and near events.
struct Incidents: Sendable {
    private let draws: Draws
    private let rain: Rain
    private let sun: Sun

    /// No incident takes longer than this from call to clearance.
    static let longest = 4 * 3_600

    init(mixer: Mixer, rain: Rain, sun: Sun) {
        draws = mixer.draws(.incident)
        self.rain = rain
        self.sun = sun
    }

    /// Those received within an hour since 1970, in order; `events` are those of its days.
    func inHour(_ hour: Int, events: [CityEvent]) -> [Incident] {
        var incidents: [Incident] = []
        for slot in 0..<8 {
            let number = slot * 8
            // Half a slot each, so that no two of an hour share an instant.
            let received = hour * 3_600 + slot * 450 + draws(hour, number).below(450)
            let zone = draws(hour, number + 1).below(CityMap.side * CityMap.side)
            let wet = Rain.wetness(rain.intensity(received, column: zone % CityMap.side))
            let crowd = events.contains {
                $0.presence(received) > 0 && CityMap.distance($0.zone, zone) <= 3
            }
            // Of a million: a quarter, by 0.8 more in rain, 0.5 near events, 0.3 in the dark.
            let rate =
                250_000 + Fixed.multiply(200_000, wet) + (crowd ? 125_000 : 0)
                + Fixed.multiply(75_000, sun.darkness(received))
            guard draws(hour, number + 2).happens(perMillion: rate) else { continue }
            let percent = draws(hour, number + 3).below(100)
            let dispatched = received + 30 + draws(hour, number + 4).below(180)
            let onScene = dispatched + 180 + draws(hour, number + 5).below(720)
            incidents.append(
                Incident(
                    kind: percent < 35 ? 0 : percent < 60 ? 1 : percent < 85 ? 2 : 3,
                    zone: zone,
                    severity: 1 + draws(hour, number + 6).below(5),
                    received: received, dispatched: dispatched, onScene: onScene,
                    cleared: onScene + 600 + draws(hour, number + 7).below(7_200)))
        }
        return incidents
    }
}
