import BelfryCore

/// The files of a store that say little: in a plain sentence each, and BACKUP field by field.
enum SmallFileInspection {
    /// Texts longer than this are no reason or name that the engine wrote.
    private static let textByteCount = 64 << 10

    static func reserve(_ file: InspectedFile) {
        file.listing.note(
            "RESERVE: \(file.byteCount) bytes that are given back when the disk is full; they are "
                + "never read, and the file may be there or not.")
    }

    static func lock(_ file: InspectedFile) throws(StorageError) {
        let bytes = try file.read(at: 0, count: 256)
        let holder = InspectionText.text(bytes.prefix { $0 != 0x0A })
        file.listing.note(
            holder.isEmpty
                ? "LOCK: no process has written its name here; the lock on the file counts."
                : "LOCK: the last to open the store for writing was \(holder); whether it still "
                    + "has it is told by the lock on the file, not by its bytes.")
    }

    static func reason(_ file: InspectedFile) throws(StorageError) {
        let bytes = try file.read(at: 0, count: textByteCount)
        let listing = file.listing
        listing.note("Why the file of the same name without .why stands in quarantine:")
        for line in bytes.split(separator: 0x0A) { listing.note("  " + InspectionText.text(line)) }
        if bytes.isEmpty { listing.problem("no reason is given", at: 0) }
        if file.byteCount > UInt64(bytes.count) {
            listing.note("  … \(file.byteCount - UInt64(bytes.count)) bytes more")
        }
    }

    /// BACKUP, and RESTORE, which is a copy of it.
    static func backup(_ file: InspectedFile) throws(StorageError) {
        let listing = file.listing
        let bytes = try file.read(at: 0, count: BackupFile.byteCount)
        let salt = bytes.count >= 40 ? bytes.littleEndian(at: 32, 8) : 0
        var sentence = ""
        file.sealed(bytes, at: 0, salt: salt) { (reader) throws(FormatError) in
            try InspectionFields.magic(&reader, BackupFile.magic)
            let version = try reader.uint(2)
            reader.say("version \(version)")
            let byteCount = try reader.uint(2)
            reader.say("\(byteCount) bytes")
            _ = try reader.uint(4)
            reader.say("zeros")
            _ = try reader.data(16)
            reader.say("database id")
            _ = try reader.uint(8)
            reader.say("salt")
            let manifest = try reader.uint(8)
            reader.say("manifest \(manifest)")
            let sequence = try reader.uint(8)
            reader.say("last write \(sequence)")
            let time = try reader.int64()
            reader.say("taken at \(InspectionText.time(time))")
            sentence =
                "A backup with all writes up to \(sequence), begun at "
                + "\(InspectionText.time(time)); a folder with BACKUP is never opened for writing, "
                + "one with RESTORE is being restored to."
        }
        if file.byteCount > UInt64(BackupFile.byteCount) {
            listing.problem(
                "\(file.byteCount - UInt64(BackupFile.byteCount)) bytes behind the checksum",
                at: UInt64(BackupFile.byteCount))
        }
        if !sentence.isEmpty { listing.note(sentence) }
    }
}
