/// The tables that say where each sensor stands and what it is: their columns and their lines.
struct ReferenceTable: Sendable {
    var name: String
    /// Names and types; the first is the primary key.
    var columns: [(name: String, type: String)]
    var lines: [[String]]

    /// What stands in CREATE TABLE.
    var declaration: String {
        var parts = columns.map { "  \($0.name) \($0.type)" }
        parts.append("  PRIMARY KEY (\(columns[0].name))")
        return "CREATE TABLE \(name) (\n" + parts.joined(separator: ",\n") + "\n);\n"
    }

    var file: String {
        ([columns.map(\.name)] + lines).map { $0.joined(separator: ",") + "\n" }.joined()
    }
}

/// Makes the reference tables of a town.
struct ReferenceTables: Sendable {
    let ground: Ground

    func roads(_ domain: TrafficDomain) -> ReferenceTable {
        table(
            "road_sensor", "sensor", domain.sites,
            more: [("road", "TEXT"), ("direction", "TEXT"), ("free_speed", "DOUBLE")]
        ) { number in
            let road = domain.roads[number]
            return [
                TrafficDomain.Road.kinds[road.kind], road.isInbound ? "in" : "out",
                String(road.freeSpeed),
            ]
        }
    }

    /// With each station's nearest road sensor.
    func airSites(_ domain: AirDomain, roads: [Site]) -> ReferenceTable {
        table("air_site", "station", domain.sites, more: [("sensor", "TEXT")]) { number in
            let here = domain.sites[number]
            let nearest = roads.indices.min { apart(here, roads[$0]) < apart(here, roads[$1]) }
            return [nearest.map { String(decoding: roads[$0].name, as: UTF8.self) } ?? ""]
        }
    }

    func weatherSites(_ domain: WeatherDomain) -> ReferenceTable {
        table("weather_site", "station", domain.sites, more: []) { _ in [] }
    }

    func garages(_ domain: ParkingDomain) -> ReferenceTable {
        table("garage", "garage", domain.sites, more: [("spaces", "BIGINT")]) {
            [String(domain.capacities[$0])]
        }
    }

    func meterSites(_ domain: MeterDomain) -> ReferenceTable {
        table(
            "meter_site", "meter", domain.sites,
            more: [("customer", "TEXT"), ("solar", "BOOLEAN")]
        ) { number in
            let customer = domain.customers[number]
            return [
                Customer.kinds[customer.kind.rawValue], customer.panels > 0 ? "true" : "false",
            ]
        }
    }

    func venues(_ sites: [Site]) -> ReferenceTable {
        table("venue", "venue", sites, more: []) { _ in [] }
    }

    private func table(
        _ name: String, _ key: String, _ sites: [Site], more: [(name: String, type: String)],
        values: (Int) -> [String]
    ) -> ReferenceTable {
        ReferenceTable(
            name: name,
            columns: [(key, "TEXT"), ("district", "TEXT"), ("lat", "DOUBLE"), ("lon", "DOUBLE")]
                + more,
            lines: sites.indices.map { number in
                let site = sites[number]
                return [
                    String(decoding: site.name, as: UTF8.self), ground.district(of: site),
                    degrees(site.latitude), degrees(site.longitude),
                ] + values(number)
            })
    }

    private func degrees(_ millionths: Int) -> String {
        var text = TextBuffer()
        text.decimal(millionths, decimals: 6)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    /// The square of a distance, good enough to compare within a city.
    private func apart(_ left: Site, _ right: Site) -> Int {
        let north = (left.latitude - right.latitude) * 500 / 4_492
        let east = (left.longitude - right.longitude) * 500 / ground.place.zoneWidth
        return north * north + east * east
    }
}
