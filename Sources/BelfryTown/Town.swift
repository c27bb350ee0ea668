/// A synthetic city: everything it does follows from a seed.
///
/// `generate` writes its files: `schema.sql`, `questions.sql`, a CSV file for each table, and the
/// truth about all of them. `forEachChunk` gives a domain's readings without text.
package struct Town: Sendable {
    package let options: TownOptions
    let calendar: TownCalendar
    let drivers: Drivers

    package init(options: TownOptions) {
        self.options = options
        calendar = TownCalendar(
            firstDay: options.firstDay, days: options.days, clock: options.zone)
        drivers = Drivers(mixer: Mixer(seed: options.seed), clock: options.zone)
    }

    /// The instants that the town covers, in seconds since 1970: whole local days, half-open.
    package var period: Range<Int> { calendar.period }

    /// Writes all files. Memory does not grow with the number of days.
    package func generate<Sink: TownSink>(
        into sink: inout Sink, progress: (TownProgress) -> Void = { _ in }
    ) throws(Sink.Failure) -> TownSummary {
        let references = referenceTables
        let schema = SchemaText(
            tables: [
                TrafficDomain.table, AirDomain.table, WeatherDomain.table, ParkingDomain.table,
                MeterDomain.table,
            ],
            references: references)
        try sink.append(Array(schema.text.utf8), to: "schema.sql")
        try sink.append(
            Array(QuestionsText(calendar: calendar).text.utf8), to: "questions.sql")
        for reference in references {
            try sink.append(Array(reference.file.utf8), to: "\(reference.name).csv")
        }

        var run = TownRun(
            calendar: calendar,
            expectedRows: traffic.expectedRows + air.expectedRows + weather.expectedRows
                + parking.expectedRows + meter.expectedRows)
        try run.write(traffic, into: &sink, progress: progress)
        try run.write(air, into: &sink, progress: progress)
        try run.write(weather, into: &sink, progress: progress)
        try run.write(parking, into: &sink, progress: progress)
        try run.write(meter, into: &sink, progress: progress)
        let happenings = EventTables(drivers: drivers, calendar: calendar)
        try run.write(
            "incident", header: EventTables.header(EventTables.incidentColumns), tags: [1, 2],
            into: &sink, linesOfDay: happenings.incidents)
        try run.write(
            "city_event", header: EventTables.header(EventTables.eventColumns), tags: [1],
            into: &sink, linesOfDay: happenings.events)
        try run.finish(into: &sink)
        return run.summary
    }

    /// The names of a domain's series, in the order of `ReadingChunk.sensors`.
    package func series(of domain: TownDomain) -> [[UInt8]] {
        switch domain {
        case .traffic: traffic.source.sites.map(\.name)
        case .air: air.source.sites.map(\.name)
        case .weather: weather.source.sites.map(\.name)
        case .parking: parking.source.sites.map(\.name)
        case .meter: meter.source.sites.map(\.name)
        }
    }

    /// A domain's fields: their names, and the digits behind the point of their numbers.
    package func fields(of domain: TownDomain) -> [(name: String, decimals: Int)] {
        let table =
            switch domain {
            case .traffic: TrafficDomain.table
            case .air: AirDomain.table
            case .weather: WeatherDomain.table
            case .parking: ParkingDomain.table
            case .meter: MeterDomain.table
            }
        return table.fields.map { ($0.name, $0.decimals) }
    }

    /// Gives a domain's readings tick by tick, in the order of their arrival, as numbers.
    package func forEachChunk(of domain: TownDomain, _ body: (ReadingChunk) -> Void) {
        switch domain {
        case .traffic: Town.drain(traffic, body)
        case .air: Town.drain(air, body)
        case .weather: Town.drain(weather, body)
        case .parking: Town.drain(parking, body)
        case .meter: Town.drain(meter, body)
        }
    }

    private static func drain<Source: Domain>(
        _ stream: ReadingStream<Source>, _ body: (ReadingChunk) -> Void
    ) {
        var stream = stream
        var chunk = ReadingChunk(fieldCount: Source.table.fields.count)
        while stream.next(into: &chunk) { body(chunk) }
    }
}

/// The streams of the five domains, each from its beginning.
extension Town {
    var traffic: ReadingStream<TrafficDomain> {
        let count = options.profile.sensors(of: 450, atLeast: 16)
        return stream(TrafficDomain(drivers: drivers, count: count))
    }

    var air: ReadingStream<AirDomain> {
        let count = options.profile.sensors(of: 60, atLeast: 8)
        return stream(AirDomain(drivers: drivers, count: count))
    }

    var weather: ReadingStream<WeatherDomain> {
        let count = options.profile.sensors(of: 12, atLeast: 4)
        return stream(WeatherDomain(drivers: drivers, count: count))
    }

    var parking: ReadingStream<ParkingDomain> {
        let count = options.profile.sensors(of: 40, atLeast: 8)
        return stream(ParkingDomain(drivers: drivers, count: count))
    }

    var meter: ReadingStream<MeterDomain> {
        let count = options.profile.sensors(of: 20_000, atLeast: 64)
        return stream(MeterDomain(drivers: drivers, count: count, start: period.lowerBound))
    }

    private func stream<Source: Domain>(_ source: Source) -> ReadingStream<Source> {
        ReadingStream(source: source, drivers: drivers, period: period)
    }

    private var referenceTables: [ReferenceTable] {
        let maker = ReferenceTables(ground: drivers.ground)
        let roads = traffic.source
        return [
            maker.roads(roads), maker.airSites(air.source, roads: roads.sites),
            maker.weatherSites(weather.source), maker.garages(parking.source),
            maker.meterSites(meter.source), maker.venues(drivers.cityEvents.venues),
        ]
    }
}
