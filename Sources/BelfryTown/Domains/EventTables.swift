/// The two tables of happenings: incidents and city events, a line each, in order of time.
///
/// They have no faults: a call is written down once.
struct EventTables: Sendable {
    let drivers: Drivers
    let calendar: TownCalendar

    /// Columns behind the time key and the tags, as CREATE TABLE has them.
    static let incidentColumns = [
        "district TEXT TAG", "kind TEXT TAG", "severity BIGINT GAUGE",
        "dispatched TIMESTAMPTZ STATE", "on_scene TIMESTAMPTZ STATE",
        "cleared TIMESTAMPTZ STATE", "lat DOUBLE STATE", "lon DOUBLE STATE",
    ]
    static let eventColumns = [
        "venue TEXT TAG", "kind TEXT STATE", "district TEXT STATE", "attendance BIGINT GAUGE",
        "until TIMESTAMPTZ STATE",
    ]

    /// The lines of a day of the run, each behind its instant.
    func incidents(ofDay number: Int) -> [(time: Int, line: [UInt8])] {
        let begin = calendar.begins[number]
        let end = calendar.begins[number + 1]
        let hours = Fixed.floor(begin, by: 3_600)...Fixed.floor(end - 1, by: 3_600)
        let ground = drivers.ground
        return hours.flatMap { drivers.incidents(inHour: $0) }
            .filter { $0.received >= begin && $0.received < end }
            .map { incident in
                let column = incident.zone % CityMap.side - CityMap.side / 2
                let row = incident.zone / CityMap.side - CityMap.side / 2
                let place = ground.place
                let district = ground.map.zones[incident.zone].district
                var text = TextBuffer()
                text.time(incident.received)
                text.append(",\(CityMap.districts[district]),\(Incident.kinds[incident.kind])")
                text.append(",\(incident.severity)")
                for time in [incident.dispatched, incident.onScene, incident.cleared] {
                    text.comma()
                    text.time(time)
                }
                text.comma()
                text.decimal(place.latitude + row * 4_492 + 2_246, decimals: 6)
                text.comma()
                text.decimal(
                    place.longitude + column * place.zoneWidth + place.zoneWidth / 2, decimals: 6)
                return (incident.received, text.bytes)
            }
    }

    func events(ofDay number: Int) -> [(time: Int, line: [UInt8])] {
        let ground = drivers.ground
        return drivers.cityEvents.on(day: calendar.firstDay + number).map { event in
            let district = ground.map.zones[event.zone].district
            let venue = drivers.cityEvents.venues[event.venue]
            var text = TextBuffer()
            text.time(event.start)
            text.comma()
            text.append(venue.name)
            text.append(",\(CityEvent.kinds[event.kind]),\(CityMap.districts[district])")
            text.append(",\(event.attendance),")
            text.time(event.end)
            return (event.start, text.bytes)
        }
    }

    /// The header of a table with these columns behind the time.
    static func header(_ columns: [String]) -> String {
        let names = columns.map { $0.split(separator: " ")[0] }
        return "time," + names.joined(separator: ",")
    }
}
