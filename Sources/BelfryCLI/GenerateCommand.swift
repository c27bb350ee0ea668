import ArgumentParser
import BelfryTown
import Glibc

/// `belfry generate`: data that Belfry can always make for itself.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Make data to try and measure with.",
        subcommands: [GenerateTown.self])
}

/// `belfry generate town`: the synthetic city, as files.
struct GenerateTown: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "town",
        abstract: "Make a synthetic city: CSV files, their schema, questions, and the truth.",
        discussion: """
            The same profile, seed, start and zone make the same bytes everywhere.

            EXAMPLES
              belfry generate town --profile S town
              belfry generate town --profile M --start 2025-03-20 --seed 7 spring
            """)

    @Argument(help: "The folder to write to; it must be empty or new.")
    var folder: String

    @Option(help: "S (two days), M, L or XL.")
    var profile: TownProfile = .small

    @Option(help: "Another seed makes another city.")
    var seed: UInt64 = TownOptions.defaultSeed

    @Option(help: "The first local day, as 2025-10-06.")
    var start: String?

    @Option(help: "How many days; the profile's unless said.")
    var days: Int?

    func run() throws {
        var firstDay = TownOptions.defaultFirstDay
        if let start {
            guard let day = TownOptions.firstDay(from: start) else {
                throw CommandFailure("--start wants a day as 2025-10-06, not \"\(start)\"", code: 2)
            }
            firstDay = day
        }
        if let days, days < 1 || days > 3660 {
            throw CommandFailure("--days wants a number from 1 to 3660", code: 2)
        }
        let options = TownOptions(
            profile: profile, seed: seed, firstDay: firstDay, days: days)
        var files = try TownFolder(folder)
        let bar = ProgressBar(isShown: Terminal.isTerminal(STDERR_FILENO))
        let summary = try Town(options: options).generate(into: &files) { progress in
            bar.show(
                done: progress.rows, of: progress.expectedRows,
                text: "\(progress.table)  \(ProgressBar.grouped(progress.rows)) rows")
        }
        try files.close()
        bar.clear()
        let output = StandardOutput()
        for table in summary.tables {
            output.write(
                "\(table.name): \(table.offered) rows of \(table.series) series, "
                    + "\(table.duplicates) of them sent twice, \(table.late) late\n")
        }
        output.flush()
    }
}

/// The town's files in a folder; one is open at a time.
struct TownFolder: TownSink {
    private let folder: String
    private var name = ""
    private var descriptor: Int32 = -1

    init(_ folder: String) throws {
        self.folder = folder
        try Self.makeFolder(folder)
    }

    mutating func append(_ bytes: [UInt8], to file: String) throws(CommandFailure) {
        if file != name {
            try close()
            if let slash = file.lastIndex(of: "/") {
                try Self.makeFolder(folder + "/" + file[..<slash])
            }
            descriptor = unsafe open(
                folder + "/" + file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw Self.failure(folder + "/" + file) }
            name = file
        }
        guard Terminal.write(bytes, to: descriptor) else { throw Self.failure(folder + "/" + file) }
    }

    mutating func close() throws(CommandFailure) {
        guard descriptor >= 0 else { return }
        let status = Glibc.close(descriptor)
        descriptor = -1
        if status != 0 { throw Self.failure(folder + "/" + name) }
    }

    private static func makeFolder(_ path: some StringProtocol) throws(CommandFailure) {
        if unsafe mkdir(String(path), 0o755) != 0 && errno != EEXIST { throw failure(String(path)) }
    }

    private static func failure(_ path: String) -> CommandFailure {
        let reason = unsafe String(cString: strerror(errno))
        return CommandFailure("\(path): \(reason)")
    }
}

extension TownProfile: ExpressibleByArgument {}
