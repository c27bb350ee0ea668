/// Loops in the road: vehicles, speed and occupancy every five minutes.
///
/// Vehicles follow capacity and activity; speed falls as the road fills, in rain and behind
/// incidents; occupancy follows from both.
struct TrafficDomain: Domain {
    static let table = TownTable(
        name: "traffic", tag: "sensor",
        fields: [
            TownField(name: "vehicles", decimals: 0, declaration: "BIGINT DELTA PER '5 minutes'"),
            TownField(name: "speed", decimals: 0, declaration: "DOUBLE GAUGE UNIT 'km/h'"),
            TownField(name: "occupancy", decimals: 1, declaration: "DOUBLE GAUGE UNIT '%'"),
        ],
        staleAfter: "15 minutes")
    static let step = 300
    static let faults = FaultModel(
        stream: .trafficFault, jitter: 2, phases: 60, lossPerMillion: 5_000,
        repeatsPerMillion: 5_000, gateways: 8)

    /// What is fixed about a piece of road.
    struct Road: Sendable {
        var kind: Int
        var isInbound: Bool
        /// Vehicles in five minutes.
        var capacity: Int
        /// Kilometres an hour on an empty road.
        var freeSpeed: Int
        /// How busy it is against its capacity, of one.
        var load: Int

        static let kinds = ["ring", "arterial", "street"]
    }

    let sites: [Site]
    let roads: [Road]
    private let noise: [Draws]

    init(drivers: Drivers, count: Int) {
        let ground = drivers.ground
        sites = ground.sites(.roadSensor, count: count)
        noise = (0..<count).map { ground.mixer.draws(.trafficNoise, $0) }
        roads = (0..<count).map { number in
            let draws = ground.mixer.draws(.site, number)
            let kind = draws(100).below(10)
            let road = kind < 2 ? 0 : kind < 6 ? 1 : 2
            let capacity = [150, 90, 45][road]
            return Road(
                kind: road, isInbound: draws(101).below(2) == 0,
                capacity: capacity * (80 + draws(102).below(50)) / 100,
                freeSpeed: [80, 58, 44][road] + draws(103).below(9),
                load: 42_000 + draws(104).below(26_000))
        }
    }

    mutating func read(at moment: Moment, into values: inout [Int]) {
        let tick = moment.time / TrafficDomain.step
        let inbound = Fixed.multiply(moment.level(.roadInbound), moment.dayLevel)
        let outbound = Fixed.multiply(moment.level(.roadOutbound), moment.dayLevel)
        let crowds = moment.events.filter { $0.moves(moment.time) }
        let obstacles = moment.incidents.filter { $0.blocksRoad }
        for sensor in roads.indices {
            let road = roads[sensor]
            let zone = sites[sensor].zone
            var level = Fixed.multiply(road.isInbound ? inbound : outbound, road.load)
            for crowd in crowds where CityMap.distance(crowd.zone, zone) <= 2 {
                level += min(crowd.attendance * 6, 20_000)
            }
            let mean = level * road.capacity
            let spread = Fixed.multiply(Fixed.root(mean), noise[sensor](tick).bell)
            let vehicles = max(0, Fixed.rounded(mean + spread))
            let speed = speed(
                road, vehicles, rain: moment.rain[zone % CityMap.side],
                isBlocked: obstacles.contains { CityMap.distance($0.zone, zone) <= 1 },
                noise: noise[sensor](tick, 1).bell)
            values[sensor * 3] = vehicles
            values[sensor * 3 + 1] = speed
            // Six and a half metres a vehicle on a lane, in tenths of a per cent.
            values[sensor * 3 + 2] = min(1_000, vehicles * 78 / speed)
        }
    }

    /// Free flow over (1 + half the fourth power of the load), 8 to 22 per cent less in rain,
    /// 40 per cent less behind an incident.
    private func speed(
        _ road: Road, _ vehicles: Int, rain: Int, isBlocked: Bool, noise: Int
    ) -> Int {
        let load = min(2 * Fixed.one, (vehicles << 16) / road.capacity)
        let square = Fixed.multiply(load, load)
        let slowed = Fixed.one + Fixed.multiply(square, square) / 2
        var speed = Fixed.divide(road.freeSpeed << 16, slowed)
        if rain > 100 {
            let loss = 5_243 + Fixed.multiply(9_175, Rain.wetness(rain))
            speed -= Fixed.multiply(speed, loss)
        }
        if isBlocked { speed -= Fixed.multiply(speed, 26_214) }
        return max(3, Fixed.rounded(speed + Fixed.multiply(98_304, noise)))
    }
}
