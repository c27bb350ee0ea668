import ArgumentParser
import Belfry

/// `belfry backup`: a copy of a database, taken beside whatever writes to it.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a database while it is in use.",
        discussion: """
            Each run makes a backup of its own, BACKUP-<number>, in the target folder. It holds \
            the database as of one write, was verified and opened, and needs no other backup: \
            delete what is not wanted any more. Segments that a backup there has already, or that \
            lie on the same disk, are linked and take no space; on a disk without links all is \
            copied. A run that was cut off is completed by the next one. The database is only \
            read, so another process may be writing to it.

            EXAMPLES
              belfry backup city /media/backups/city
              belfry query /media/backups/city/BACKUP-000000000001 "SELECT count(*) FROM traffic"
            """)

    @Argument(help: "The folder of the database.")
    var path: String

    @Argument(help: "The folder of backups; made where there is none.")
    var target: String

    @Flag(help: "Copy what could be linked to the database's own files.")
    var copy = false

    func run() throws {
        let database = try CommandDatabase.open(path, mustExist: true, isReadOnly: true)
        let report: BackupReport
        do {
            report = try database.backup(to: target, isCopying: copy)
        } catch {
            throw CommandFailure(error.message, code: error.code == "XX001" ? 3 : 1)
        }
        let output = StandardOutput()
        output.write("\(target)/\(report.name): \(report.summary)\n")
        output.flush()
        try CommandDatabase.close(database)
    }
}

/// `belfry restore`: a backup becomes a database.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a database of a backup.",
        discussion: """
            The backup stays as it is. Of a folder of backups the newest is taken. What can be \
            linked is not copied. The database keeps its id; its epoch moves on, so that its \
            writes are never taken for those of the database that the backup is of.

            EXAMPLES
              belfry restore /media/backups/city city
              belfry restore /media/backups/city/BACKUP-000000000001 city-of-may
            """)

    @Argument(help: "The folder of backups, or of one backup.")
    var backup: String

    @Argument(help: "The folder of the database: empty, or not there yet.")
    var path: String

    @Flag(help: "Copy what could be linked to the backup's files.")
    var copy = false

    func run() throws {
        let report: BackupReport
        do {
            report = try Database.restore(backup, to: path, isCopying: copy)
        } catch {
            throw CommandFailure(error.message, code: error.code == "XX001" ? 3 : 1)
        }
        let output = StandardOutput()
        let name = report.name.isEmpty ? backup : "\(backup)/\(report.name)"
        output.write("\(path): restored from \(name), \(report.summary)\n")
        output.flush()
    }
}

extension BackupReport {
    fileprivate var summary: String {
        "\(segmentCount) segments (\(keptCount) kept, \(linkedCount) linked, \(copiedCount) "
            + "copied), \(copiedByteCount) bytes copied, up to write \(sequence)"
    }
}
