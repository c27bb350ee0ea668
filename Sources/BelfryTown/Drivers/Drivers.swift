/// The latent city behind every sensor. Any instant can be asked for; near ones are cheap.
struct Drivers: Sendable {
    let clock: TownZone
    let ground: Ground
    let sun: Sun
    let cloud: Cloud
    let temperature: Temperature
    let wind: Wind
    let rain: Rain
    let activity: Activity
    let cityEvents: CityEvents
    let incidentRule: Incidents
    private let pressureNoise: OctaveNoise
    private let humidityNoise: OctaveNoise
    private let hazeNoise: OctaveNoise

    private var eventDay = Int.min
    private var events: [CityEvent] = []
    private var incidentHour = Int.min
    private var incidents: [Incident] = []

    init(mixer: Mixer, clock: TownZone) {
        self.clock = clock
        let place = clock.place
        ground = Ground(mixer: mixer, place: place)
        sun = Sun(place: place)
        cloud = Cloud(mixer: mixer)
        temperature = Temperature(mixer: mixer, place: place, sun: sun, cloud: cloud)
        wind = Wind(mixer: mixer)
        rain = Rain(mixer: mixer)
        activity = Activity(mixer: mixer, zone: clock)
        cityEvents = CityEvents(mixer: mixer, clock: clock, ground: ground)
        incidentRule = Incidents(mixer: mixer, rain: rain, sun: sun)
        pressureNoise = OctaveNoise(
            draws: mixer.draws(.pressure),
            octaves: [
                .init(period: 86_400, reach: 40), .init(period: 259_200, reach: 110),
                .init(period: 691_200, reach: 130),
            ])
        humidityNoise = OctaveNoise(
            draws: mixer.draws(.humidity),
            octaves: [
                .init(period: 7_200, reach: 200_000), .init(period: 86_400, reach: 700_000),
            ])
        hazeNoise = OctaveNoise(
            draws: mixer.draws(.haze),
            octaves: [
                .init(period: 43_200, reach: 120), .init(period: 259_200, reach: 260),
                .init(period: 691_200, reach: 220),
            ])
    }

    mutating func moment(at time: Int) -> Moment {
        let wall = time + clock.offset(at: time)
        let day = Fixed.floor(wall, by: 86_400)
        refresh(day: day, hour: Fixed.floor(time, by: 3_600))
        let height = sun.height(time)
        let cover = cloud(time)
        let showers = (0..<CityMap.side).map { rain.intensity(time, column: $0) }
        let damp = Rain.wetness(showers[CityMap.side / 2])
        let humidity =
            5_400_000 - Fixed.multiply(2_200_000, Fixed.multiply(height, Fixed.one - cover / 2))
            + Fixed.multiply(900_000, damp) + humidityNoise(time)
        return Moment(
            time: time,
            localDay: day,
            localSecond: wall - day * 86_400,
            isFree: Activity.isFree(day),
            dayLevel: activity.dayLevel(day),
            sun: height,
            sunEarlier: sun.height(time - 3_600),
            darkness: sun.darkness(time),
            cloud: cover,
            temperature: temperature(time),
            temperatureEarlier: temperature(time - 3_600),
            windSpeed: wind.speed(time),
            windDirection: wind.direction(time),
            pressure: 10_130 + pressureNoise(time),
            humidity: Fixed.clamp(humidity, 20 * Fixed.one, 100 * Fixed.one),
            haze: max(80, 620 + hazeNoise(time)),
            rain: showers,
            events: events,
            incidents: incidents.filter { $0.received <= time && time < $0.cleared })
    }

    /// Events of the days about a day: those of the day before may last past midnight.
    func events(about day: Int) -> [CityEvent] {
        cityEvents.on(day: day - 1) + cityEvents.on(day: day)
    }

    private mutating func refresh(day: Int, hour: Int) {
        if day != eventDay {
            events = events(about: day)
            eventDay = day
        }
        if hour != incidentHour {
            let begin = hour - Incidents.longest / 3_600
            incidents = (begin...hour).flatMap { incidents(inHour: $0) }
            incidentHour = hour
        }
    }

    func incidents(inHour hour: Int) -> [Incident] {
        let time = hour * 3_600
        let day = Fixed.floor(time + clock.offset(at: time), by: 86_400)
        return incidentRule.inHour(hour, events: events(about: day))
    }
}
