/// Every name that may appear in a store's folder, made and parsed in this one place.
///
/// Format: `formats/README.md`. Numbers are decimal, padded to twelve digits so that a listing
/// sorts; longer ones are as long as they are.
package enum FileNames {
    package static let identity = "IDENTITY"
    package static let lock = "LOCK"
    /// Bytes kept back for a full disk.
    package static let reserve = "RESERVE"
    package static let logFolder = "log"
    package static let segmentFolder = "segments"
    package static let quarantineFolder = "quarantine"
    package static let seriesFolder = "series"
    /// What makes a folder a backup: never written to again.
    package static let backup = "BACKUP"
    /// Stands in a folder while a backup is restored to it.
    package static let restore = "RESTORE"
    /// What the reason for a file in quarantine is called beyond that file's name.
    package static let reasonSuffix = ".why"
    /// What a file is called until it is complete.
    package static let temporarySuffix = ".tmp"

    package static func manifest(_ number: UInt64) -> String { "MANIFEST-" + padded(number) }

    package static func log(firstSequence: UInt64) -> String {
        logFolder + "/" + padded(firstSequence) + ".log"
    }

    package static func segment(_ fileID: UInt64) -> String {
        segmentFolder + "/" + padded(fileID) + ".seg"
    }

    /// The checkpoint of the series table as of a sequence.
    package static func series(_ sequence: UInt64) -> String {
        seriesFolder + "/" + padded(sequence) + ".idx"
    }

    /// The sequence of a checkpoint, from its name within the series folder.
    package static func seriesSequence(_ name: String) -> UInt64? {
        parse(name, prefix: "", suffix: ".idx")
    }

    /// The folder of a backup in the folder of backups.
    package static func backup(_ number: UInt64) -> String { "BACKUP-" + padded(number) }

    /// The number of a backup's folder; nil for any other name.
    package static func backupNumber(_ name: String) -> UInt64? {
        parse(name, prefix: "BACKUP-", suffix: "")
    }

    /// The number of a manifest's name; nil for any other name.
    package static func manifestNumber(_ name: String) -> UInt64? {
        parse(name, prefix: "MANIFEST-", suffix: "")
    }

    /// The first sequence of a log file, from its name within the log folder.
    package static func logSequence(_ name: String) -> UInt64? {
        parse(name, prefix: "", suffix: ".log")
    }

    /// The file id of a segment, from its name within the segment folder.
    package static func segmentID(_ name: String) -> UInt64? {
        parse(name, prefix: "", suffix: ".seg")
    }

    package static func isTemporary(_ name: String) -> Bool { name.hasSuffix(temporarySuffix) }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }

    private static func parse(_ name: String, prefix: String, suffix: String) -> UInt64? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            name.utf8.count > prefix.utf8.count + suffix.utf8.count
        else { return nil }
        let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
        guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt64(digits),
            padded(number) == String(digits)
        else { return nil }
        return number
    }
}
