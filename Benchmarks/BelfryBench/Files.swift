import Glibc

/// Bytes of the files in a folder, counted as they are, not as the disk rounds them.
enum FolderSize {
    static func bytes(_ folder: String) -> Int {
        guard let handle = unsafe opendir(folder) else { return 0 }
        defer { unsafe closedir(handle) }
        var sum = 0
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name == "." || name == ".." { continue }
            var status = stat()
            let path = folder + "/" + name
            guard unsafe lstat(path, &status) == 0 else { continue }
            sum += status.st_mode & S_IFMT == S_IFDIR ? bytes(path) : Int(status.st_size)
        }
        return sum
    }
}

/// A file as text.
enum TextFile {
    static func read(_ path: String) -> String? {
        BinaryFile.bytes(path).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A file as bytes, or as little-endian words of eight or four of them.
enum BinaryFile {
    static func bytes(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count <= 0 { return bytes }
            bytes.append(contentsOf: buffer[0..<count])
        }
    }

    static func words(_ path: String) -> [Int64]? {
        guard let bytes = bytes(path) else { return nil }
        return (0..<bytes.count / 8).map { index in
            (0..<8).reduce(0) { $0 | Int64(bytes[8 * index + $1]) << Int64(8 * $1) }
        }
    }

    static func halfWords(_ path: String) -> [UInt32]? {
        guard let bytes = bytes(path) else { return nil }
        return (0..<bytes.count / 4).map { index in
            (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) }
        }
    }
}
