/// Times a piece of work: the least of several runs, after its answer was checked.
struct Harness {
    private let clock = ContinuousClock()

    /// Seconds of the fastest of `count` runs.
    func fastest<Failure: Error>(of count: Int, _ body: () throws(Failure) -> Void) throws(Failure)
        -> Double
    {
        var best = Double.infinity
        for _ in 0..<count {
            let start = clock.now
            try body()
            best = min(best, Self.seconds(start.duration(to: clock.now)))
        }
        return best
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// A figure as one line of JSON.
    static func report(_ name: String, seconds: Double, rows: Int = 0, bytes: Int = 0) {
        print(
            "{\"engine\":\"belfry\",\"name\":\"\(name)\",\"seconds\":\(seconds),"
                + "\"rows\":\(rows),\"bytes\":\(bytes)}")
    }
}
