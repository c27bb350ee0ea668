internal import BelfryStorage

/// What `Database.inspect` shows of a file.
public struct InspectOptions: Sendable {
    /// A line for each part instead of every field; nil: for files of more than 64 KiB.
    public var isBrief: Bool?
    /// Only this block of a segment.
    public var block: Int?
    /// Bytes of one field that are shown.
    public var byteLimit = 256

    public init() {}
}

extension Database {
    /// Lists any file of a database as commented hex, whole or damaged, line by line; nothing is
    /// opened but this file, and nothing is changed.
    ///
    /// - Returns: how many problems were met.
    public static func inspect(
        file path: String, options: InspectOptions = InspectOptions(),
        output: @escaping (String) -> Void
    ) throws(BelfryError) -> Int {
        var inner = InspectionOptions()
        inner.isBrief = options.isBrief
        inner.block = options.block
        inner.byteLimit = options.byteLimit
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { String(path[..<path.utf8.index(after: $0)]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        do {
            return try Inspection.inspect(
                name, in: DiskFileSystem(path: folder), inner, output: output)
        } catch { throw BelfryError(error) }
    }
}
