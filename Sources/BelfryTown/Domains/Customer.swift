/// Who is behind a meter: what they run, and how much of it. Decided by the meter's number.
struct Customer: Sendable {
    enum Kind: Int, Sendable {
        case household, office, industry
    }

    static let kinds = ["household", "office", "industry"]

    var kind: Kind
    /// Watts at the busiest hour of a plain day.
    var base: Int
    /// Peak watts of the panels; zero without.
    var panels: Int
    /// Watts for each degree below 17; zero without a heat pump.
    var heating: Int
    var hasCooling: Bool
    /// Watts of the charging point; zero without.
    var charger: Int
    /// Charges after 22:00, when it is cheaper.
    var shiftsCharging: Bool

    init(_ draws: Draws) {
        let percent = draws(0).below(100)
        kind = percent < 88 ? .household : percent < 97 ? .office : .industry
        switch kind {
        case .household: base = 250 + draws(1).below(650)
        case .office: base = 2_000 + draws(1).below(18_000)
        case .industry: base = 30_000 + draws(1).below(170_000)
        }
        let isHome = kind == .household
        panels = isHome && draws(2).below(100) < 17 ? 3_000 + draws(3).below(6_000) : 0
        heating = isHome && draws(4).below(100) < 7 ? 90 + draws(5).below(160) : 0
        hasCooling = draws(6).below(100) < (isHome ? 6 : 60)
        charger =
            isHome && draws(7).below(100) < 9 ? (draws(8).below(2) == 0 ? 3_700 : 11_000) : 0
        shiftsCharging = draws(9).below(100) < 40
    }
}
