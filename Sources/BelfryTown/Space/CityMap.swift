/// The city's ground: 24 x 24 zones of half a kilometre in eight districts.
struct CityMap: Sendable {
    static let side = 24

    enum LandUse: Sendable {
        case residential, office, industry, park, harbour
    }

    struct Zone: Sendable {
        var district: Int
        var use: LandUse
        /// Share of sealed surface, of one.
        var sealed: Int
        /// Traffic of the zone against the city's busiest, of one.
        var roads: Int
    }

    static let districts = [
        "Hillside", "University", "Northshore", "Westgate", "Centre", "Harbour", "Millbrook",
        "Southbank",
    ]

    let zones: [Zone]
    /// The zones of each district.
    let zonesOfDistrict: [[Int]]

    init(mixer: Mixer) {
        let draws = mixer.draws(.zone)
        var zones: [Zone] = []
        var ofDistrict = [[Int]](repeating: [], count: CityMap.districts.count)
        for number in 0..<CityMap.side * CityMap.side {
            let column = number % CityMap.side
            let row = number / CityMap.side
            // Row 0 is the south. Nine blocks, of which the south-east belongs to the harbour.
            let block = (2 - row / 8) * 3 + column / 8
            let district = block == 8 ? 5 : block
            let use = CityMap.use(ofDistrict: district, draws(number, 0).below(100))
            let fromCentre = max(abs(2 * column - 23), abs(2 * row - 23))
            let central = Fixed.one - fromCentre * 2_000
            let sealed: Int =
                switch use {
                case .residential: 26_000
                case .office: 46_000
                case .industry: 50_000
                case .park: 6_000
                case .harbour: 40_000
                }
            let roads = 16_000 + central / 2 + draws(number, 1).below(12_000)
            zones.append(
                Zone(
                    district: district, use: use,
                    sealed: sealed + draws(number, 2).below(12_000),
                    roads: use == .park ? roads / 2 : roads))
            ofDistrict[district].append(number)
        }
        self.zones = zones
        self.zonesOfDistrict = ofDistrict
    }

    /// Zones between two zones, along the longer axis: half a kilometre each.
    static func distance(_ left: Int, _ right: Int) -> Int {
        max(abs(left % side - right % side), abs(left / side - right / side))
    }

    private static func use(ofDistrict district: Int, _ percent: Int) -> LandUse {
        switch district {
        case 4: percent < 50 ? .office : percent < 90 ? .residential : .park
        case 5: percent < 40 ? .harbour : percent < 65 ? .industry : .residential
        case 3: percent < 35 ? .industry : percent < 90 ? .residential : .park
        case 1: percent < 35 ? .office : percent < 80 ? .residential : .park
        default: percent < 70 ? .residential : percent < 80 ? .office : .park
        }
    }
}
