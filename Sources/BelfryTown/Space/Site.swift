/// Where one sensor stands, and its name.
struct Site: Sendable {
    var name: [UInt8]
    var zone: Int
    /// Millionths of a degree.
    var latitude: Int
    var longitude: Int
}

/// A town's ground and the rule that puts sensors on it.
///
/// The number of a sensor alone decides where it stands, so a larger profile holds the sensors of
/// the smaller ones in the same places; the districts take turns, so that each has some of all.
struct Ground: Sendable {
    let mixer: Mixer
    let map: CityMap
    let place: Place

    init(mixer: Mixer, place: Place) {
        self.mixer = mixer
        self.map = CityMap(mixer: mixer)
        self.place = place
    }

    func sites(_ kind: SiteKind, count: Int) -> [Site] {
        (0..<count).map { site(kind, $0) }
    }

    func site(_ kind: SiteKind, _ number: Int) -> Site {
        let draws = mixer.draws(.site, number)
        let lot = kind.rawValue * 8
        let ofDistrict = map.zonesOfDistrict[number % map.zonesOfDistrict.count]
        var zone = ofDistrict[draws(lot).below(ofDistrict.count)]
        if kind == .garage, number % 2 == 0 {
            zone = neighbour(of: site(.venue, (number + number / 6) % 6).zone, draws(lot))
        }
        let east = (zone % CityMap.side) * place.zoneWidth + draws(lot, 1).below(place.zoneWidth)
        let north = (zone / CityMap.side) * 4_492 + draws(lot, 2).below(4_492)
        return Site(
            name: kind.name(number),
            zone: zone,
            latitude: place.latitude - CityMap.side / 2 * 4_492 + north,
            longitude: place.longitude - CityMap.side / 2 * place.zoneWidth + east)
    }

    /// The zone itself or one beside it: every other car park is next to a venue.
    private func neighbour(of zone: Int, _ draw: UInt64) -> Int {
        let column = zone % CityMap.side - 1 + draw.below(3)
        let row = zone / CityMap.side
        return row * CityMap.side + Fixed.clamp(column, 0, CityMap.side - 1)
    }

    func district(of site: Site) -> String { CityMap.districts[map.zones[site.zone].district] }
}

/// What stands at a site.
enum SiteKind: Int, Sendable {
    case roadSensor = 0
    case airStation = 1
    case weatherStation = 2
    case garage = 3
    case meter = 4
    case venue = 5

    /// `T001`: a letter and the number from one, in as many digits as the whole city needs.
    func name(_ number: Int) -> [UInt8] {
        let (letter, width): (UInt8, Int) =
            switch self {
            case .roadSensor: (UInt8(ascii: "T"), 3)
            case .airStation: (UInt8(ascii: "A"), 2)
            case .weatherStation: (UInt8(ascii: "W"), 2)
            case .garage: (UInt8(ascii: "G"), 2)
            case .meter: (UInt8(ascii: "M"), 5)
            case .venue: (UInt8(ascii: "V"), 1)
            }
        let digits = Array(String(number + 1).utf8)
        let zeros = [UInt8](repeating: 48, count: max(0, width - digits.count))
        return [letter] + zeros + digits
    }
}
