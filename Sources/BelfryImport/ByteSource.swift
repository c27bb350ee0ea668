import Glibc

/// A file or standard input as a stream of bytes, without its compression.
///
/// Threads: one at a time.
final class ByteSource {
    let name: String
    /// Bytes of the file; nil where that is not known (a pipe).
    let totalByteCount: Int?
    /// Bytes of the file read so far, compressed ones where it is compressed.
    private(set) var readByteCount = 0

    private let descriptor: Int32
    private let closesDescriptor: Bool
    private var decompressor: Decompressor?
    /// Bytes as read, not given on yet: from `rawStart` to `rawEnd`.
    private var raw: [UInt8]
    private var rawStart = 0
    private var rawEnd = 0
    private var isAtEnd = false

    /// Opens a file, or standard input for `-`. The kind of compression is told from the first
    /// bytes, not from the name.
    init(path: String) throws(ImportError) {
        if path == "-" {
            name = "standard input"
            descriptor = 0
            closesDescriptor = false
            totalByteCount = nil
        } else {
            name = path
            let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard opened >= 0 else {
                throw ImportError("cannot be opened: " + Self.reason(errno), file: path)
            }
            descriptor = opened
            closesDescriptor = true
            var status = stat()
            let isKnown = unsafe fstat(opened, &status) == 0
            if isKnown && status.st_mode & S_IFMT == S_IFDIR {
                close(opened)
                throw ImportError("is a folder; a file is expected", file: path)
            }
            totalByteCount =
                isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
            posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
        }
        raw = [UInt8](repeating: 0, count: 1 << 18)
        while rawEnd < 4, try refill() {}
        decompressor = try Decompressor(startingWith: raw[0..<rawEnd], file: name)
    }

    deinit { if closesDescriptor { close(descriptor) } }

    private static func reason(_ code: Int32) -> String {
        code == ENOENT ? "no such file" : unsafe String(cString: strerror(code))
    }

    /// Reads more raw bytes behind those that are there; false at the end.
    private func refill() throws(ImportError) -> Bool {
        if isAtEnd { return false }
        while true {
            let start = rawEnd
            let count = unsafe raw.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + start },
                    buffer.count - start)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw ImportError("cannot be read: " + Self.reason(errno), file: name)
            }
            rawEnd += count
            readByteCount += count
            isAtEnd = count == 0
            return count > 0
        }
    }

    /// Fills the buffer as far as one read goes; the number of bytes, 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        if buffer.count == 0 { return 0 }
        guard decompressor != nil else { return try unsafe readPlain(into: buffer) }
        while true {
            if rawStart == rawEnd {
                rawStart = 0
                rawEnd = 0
                _ = try refill()
            }
            let result = try unsafe decompressor?.decompress(
                &raw, rawStart..<rawEnd, isLast: isAtEnd, into: buffer, file: name)
            guard let result else { return 0 }
            rawStart += result.readCount
            if result.writtenCount > 0 { return result.writtenCount }
            if isAtEnd && rawStart == rawEnd { return 0 }
        }
    }

    private func readPlain(into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        if rawStart < rawEnd {
            let count = min(buffer.count, rawEnd - rawStart)
            unsafe raw.withUnsafeBytes { source in
                unsafe buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[rawStart..<(rawStart + count)]))
            }
            rawStart += count
            return count
        }
        if isAtEnd { return 0 }
        while true {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw ImportError("cannot be read: " + Self.reason(errno), file: name)
            }
            readByteCount += count
            isAtEnd = count == 0
            return count
        }
    }
}
