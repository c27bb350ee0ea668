/// Gateways that lose their line: their sensors' readings wait, and arrive when it is back.
///
/// One a month for each gateway, ten minutes to thirty hours; and one for certain, of the first
/// gateway on the run's first day, so that every town has a late block.
struct Outages: Sendable {
    /// In which order the waiting readings are sent when the line is back.
    enum Order: String, Sendable {
        case oldestFirst = "oldest first"
        case newestFirst = "newest first"
        case shuffled
    }

    struct Outage: Sendable {
        var gateway: Int
        /// Ticks: the first one held back, and the first one that gets through again.
        var from: Int
        var to: Int
        var order: Order
    }

    /// By gateway, in order of time, without overlap, over before the run is.
    let ofGateway: [[Outage]]

    init(mixer: Mixer, model: FaultModel, ticks: Range<Int>, step: Int) {
        let days =
            Fixed.floor(
                ticks.lowerBound * step, by: 86_400)...Fixed.floor(
                ticks.upperBound * step, by: 86_400)
        ofGateway = (0..<model.gateways).map { gateway in
            let draws = mixer.draws(.outage, gateway * 64 + Int(model.stream.rawValue))
            var outages: [Outage] = []
            var free = ticks.lowerBound + 1
            func add(from: Int, length: Int, order: Order) {
                let to = from + max(1, length)
                guard from >= free, to < ticks.upperBound - 1 else { return }
                outages.append(Outage(gateway: gateway, from: from, to: to, order: order))
                free = to + 1
            }
            if gateway == 0 {
                add(
                    from: ticks.lowerBound + 32_400 / step, length: 10_800 / step,
                    order: Outages.order(draws(-1)))
            }
            for day in days where draws(day).happens(perMillion: 33_000) {
                let begin = day * 86_400 + draws(day, 1).below(86_400)
                // Mostly an hour or two, seldom more than a day: 600 seconds by up to 180.
                let chance = draws(day, 2).fraction
                let length = Fixed.multiply(600, Fixed.powerOfTwo(chance * 15 / 2))
                add(
                    from: begin / step, length: length / step,
                    order: Outages.order(draws(day, 3)))
            }
            return outages
        }
    }

    private static func order(_ draw: UInt64) -> Order {
        let percent = draw.below(100)
        return percent < 60 ? .oldestFirst : percent < 85 ? .newestFirst : .shuffled
    }
}
