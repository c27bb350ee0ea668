package import BelfryCore

/// The ways storage fails.
///
/// A struct with a code, so that the boundary above can map it to a SQLSTATE in one place. Damage
/// names its place: file, byte, and where known table, series and column.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The operating system refused; `errno` is in `systemCode`.
        case input
        /// Bytes are not what the format says, or their checksum differs (XX001).
        case damaged
        /// The folder lies on a network, where no promise would hold (0A000).
        case unsafeFileSystem
        /// Another process has the store open for writing (55006).
        case locked
        /// A file or folder is not there, or is not a store (58P01).
        case missing
        /// Written by a newer format (0A000).
        case unsupportedFormat
        /// A limit was met: frame, series, memory, tombstones (54000, 53200).
        case limit
        /// There would be more series than are allowed (53200).
        case seriesLimit
        /// The disk is full (53100).
        case diskFull
        /// A sync failed before: reads go on, writes are refused until the store is opened again.
        case poisoned
        /// The writing process has replaced what a reader was reading (72000).
        case superseded
        /// The store is closed or open for reading only (25006).
        case readOnly
        /// A row is there already and the rule is ERROR (23505).
        case duplicate
        /// A table or column exists already, or may not become what was asked for (42P07).
        case catalog
        /// A table is not there, or no longer (42P01).
        case noSuchTable
        /// A column is not there, or no longer (42703).
        case noSuchColumn
        /// A time outside range, retention or horizon (22008).
        case timeOutOfRange
    }

    package let code: Code
    package let message: String
    /// The file, relative to the store's folder, and the byte in it.
    package let file: String?
    package let offset: UInt64?
    package let systemCode: Int32?

    package init(
        _ code: Code, _ message: String, file: String? = nil, offset: UInt64? = nil,
        systemCode: Int32? = nil
    ) {
        self.code = code
        self.message = message
        self.file = file
        self.offset = offset
        self.systemCode = systemCode
    }

    /// Damage found by a reader of bytes that begin at `base` of `file`.
    package init(_ error: FormatError, file: String, base: UInt64 = 0) {
        self.init(
            .damaged, error.message, file: file,
            offset: base &+ UInt64(truncatingIfNeeded: error.offset))
    }

    /// Whether the system, or the process's own limit, has no descriptor left.
    var isShortOfDescriptors: Bool {
        // EMFILE and ENFILE, which on Linux are the same everywhere.
        systemCode == 24 || systemCode == 23
    }

    package var description: String {
        // The store's own folder has an empty name.
        switch (file == "" ? nil : file, offset) {
        case (let file?, let offset?): "\(file), byte \(offset): \(message)"
        case (let file?, nil): "\(file): \(message)"
        case (nil, _): message
        }
    }
}
