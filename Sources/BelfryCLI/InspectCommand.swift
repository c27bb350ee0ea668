import ArgumentParser
import Belfry

/// `belfry inspect`: any file of a store as commented hex.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show any file of a database as commented hex, whole or damaged.",
        discussion: """
            Works on IDENTITY, manifests, log files, segments, checkpoints of the series table and \
            BACKUP; says in words what RESERVE, LOCK and reasons in quarantine are. Opens nothing \
            else. Lines that begin with !!!! tell what is wrong, and where.

            Exit code 0: all is well; 3: damage was found.

            EXAMPLES
              belfry inspect city/IDENTITY
              belfry inspect city/segments/000000000002.seg --summary
              belfry inspect city/segments/000000000002.seg --block 3 --bytes 64
            """)

    @Argument(help: "The file.")
    var file: String

    @Flag(help: "A line for each part; the default for files of more than 64 KiB.")
    var summary = false

    @Flag(help: "Every field, however large the file.")
    var full = false

    @Option(help: "Only this block of a segment, counted from 0.")
    var block: Int?

    @Option(help: "Bytes of one field that are shown.")
    var bytes = 256

    func validate() throws {
        if summary && full { throw ValidationError("--summary and --full exclude each other.") }
        if bytes < 0 || block.map({ $0 < 0 }) ?? false {
            throw ValidationError("Counts begin at 0.")
        }
    }

    func run() throws {
        var options = InspectOptions()
        if summary { options.isBrief = true }
        if full { options.isBrief = false }
        options.block = block
        options.byteLimit = bytes
        let output = StandardOutput()
        let problemCount: Int
        do {
            problemCount = try Database.inspect(file: file, options: options) {
                output.write($0 + "\n")
            }
        } catch { throw CommandFailure("\(file): \(error.message)") }
        output.flush()
        if problemCount > 0 {
            throw CommandFailure(
                problemCount == 1 ? "1 problem found" : "\(problemCount) problems found", code: 3)
        }
    }
}
