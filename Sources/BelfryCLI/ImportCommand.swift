import ArgumentParser
import Belfry
import BelfryImport
import Glibc

/// `belfry import`: files of readings into a table.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import CSV or JSON lines into a table.",
        discussion: """
            Files ending in .gz or .zst are read directly; - is standard input. The same file \
            twice leaves the same store: rows that are there already are counted as duplicates \
            and dropped. A table that is not there is made from the file: say its time and tags.

            EXAMPLES
              belfry import city traffic.csv --table traffic
              belfry import city traffic.csv.zst --table traffic --time TIMESTAMP \\
                --tag REPORT_ID --map REPORT_ID=sensor --map avgSpeed=speed --skip _id
              zcat old.csv.gz | belfry import city - --table air --time-zone Europe/Copenhagen
            """)

    @Argument(help: "The folder of the database.")
    var path: String

    @Argument(help: "The files, in their order; - is standard input.")
    var files: [String]

    @Option(help: "The table; made where there is none.")
    var table: String

    @Option(help: "csv or ndjson; by the file's name unless said.")
    var format: ImportFormat?

    @Option(help: "The name of the time in the file.")
    var time: String?

    @Option(help: "The name of a tag in the file; may be repeated.")
    var tag: [String] = []

    @Option(help: "A name in the file and the column it goes to, as SOURCE=column; repeatable.")
    var map: [String] = []

    @Option(help: "A name in the file that is left out; may be repeated.")
    var skip: [String] = []

    @Option(
        name: .customLong("time-zone"),
        help: "The zone of times without an offset; UTC unless said.")
    var timeZone: String?

    @Flag(help: "No progress bar.")
    var quiet = false

    @OptionGroup var profile: ProfileOptions

    func run() throws {
        let options = try importOptions()
        // Before a store is made for nothing.
        for file in files where unsafe file != "-" && access(file, R_OK) != 0 {
            let reason = unsafe String(cString: strerror(errno))
            throw CommandFailure("\(file): \(reason)")
        }
        let database = try CommandDatabase.open(path, profile: profile)
        let bar = ProgressBar(isShown: !quiet && Terminal.isTerminal(STDERR_FILENO))
        let report: ImportReport
        do {
            report = try Importer(options: options, target: DatabaseTarget(database)).run(
                paths: files
            ) { progress in
                bar.show(
                    done: progress.readByteCount, of: progress.totalByteCount,
                    text: "\(progress.file)  \(ProgressBar.grouped(progress.rowCount)) rows")
            }
        } catch {
            bar.clear()
            throw CommandFailure("\(error)")
        }
        bar.clear()
        summarize(report)
        try CommandDatabase.close(database)
        profile.report()
        if report.rejectedCount > 0
            && report.storedCount + report.updatedCount
                + report.duplicateCount == 0
        {
            throw CommandFailure("no record could be imported")
        }
    }

    private func importOptions() throws -> ImportOptions {
        var options = ImportOptions(table: table)
        options.format = format
        options.timeName = time
        options.tagNames = tag
        options.skippedNames = skip
        profile.apply(to: &options)
        for text in map {
            guard let split = text.lastIndex(of: "="), split != text.startIndex,
                text.index(after: split) != text.endIndex
            else { throw CommandFailure("--map wants SOURCE=column, not \"\(text)\"", code: 2) }
            options.columnNames.append(
                (String(text[..<split]), String(text[text.index(after: split)...])))
        }
        if let timeZone {
            do throws(TimeZoneError) {
                options.zone = try TimeZoneDatabase().rules(named: timeZone)
            } catch {
                throw CommandFailure("--time-zone: \(error.description)", code: 2)
            }
        }
        return options
    }

    private func summarize(_ report: ImportReport) {
        for problem in report.problems { Terminal.writeError(problem.description) }
        if let made = report.createdTable {
            Terminal.writeError("made table \(made.name)")
        }
        if !report.ignoredNames.isEmpty {
            let names = Set(report.ignoredNames).sorted().joined(separator: ", ")
            Terminal.writeError("not in table \(table), left out: \(names)")
        }
        let output = StandardOutput()
        output.write(
            "\(table): read \(report.readCount), stored \(report.storedCount), "
                + "updated \(report.updatedCount), duplicate \(report.duplicateCount), "
                + "rejected \(report.rejectedCount)\n")
        if report.rejectedFieldCount > 0 {
            output.write("fields refused (their rows stored): \(report.rejectedFieldCount)\n")
        }
        output.flush()
    }
}

extension ImportFormat: ExpressibleByArgument {}
