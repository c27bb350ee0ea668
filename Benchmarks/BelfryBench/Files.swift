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
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: buffer[0..<count])
        }
    }
}
