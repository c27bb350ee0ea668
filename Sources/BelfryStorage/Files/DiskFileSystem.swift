import Glibc

/// The calls of `FileSystem` on Linux, below one folder; the one file that asks the system for
/// files.
///
/// Every descriptor is opened with O_CLOEXEC, so a child process inherits neither a file nor the
/// lock. The lock is an flock: it refuses a second open in the same process too, by whatever path,
/// and goes with its holder.
package final class DiskFileSystem: FileSystem {
    private let root: String

    /// - Parameter path: the store's folder; it need not be there yet.
    package init(path: String) { root = path }

    private func full(_ path: String) -> String { path.isEmpty ? root : root + "/" + path }

    package func createFolder(_ path: String) throws(StorageError) {
        if unsafe mkdir(full(path), 0o777) == 0 { return }
        let code = errno
        guard code == EEXIST else { throw Self.error(code, "cannot make the folder", path) }
        var status = stat()
        guard unsafe stat(full(path), &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw StorageError(.input, "a file stands where the folder should be", file: path)
        }
    }

    package func list(_ folder: String) throws(StorageError) -> [String] {
        guard let stream = unsafe opendir(full(folder)) else {
            let code = errno
            if code == ENOENT { return [] }
            throw Self.error(code, "cannot list the folder", folder)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw Self.error(errno, "cannot list the folder", folder) }
                return names
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        if unsafe access(full(path), F_OK) == 0 { return true }
        let code = errno
        if code == ENOENT || code == ENOTDIR { return false }
        throw Self.error(code, "cannot look for the file", path)
    }

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .update: O_RDWR
            }
        return DiskFile(try openDescriptor(path, flags), path: path)
    }

    private func openDescriptor(_ path: String, _ flags: Int32) throws(StorageError) -> Int32 {
        while true {
            let descriptor = unsafe Glibc.open(full(path), flags | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return descriptor }
            let code = errno
            if code != EINTR { throw Self.error(code, "cannot open the file", path) }
        }
    }

    package func rename(_ path: String, to target: String) throws(StorageError) {
        guard unsafe Glibc.rename(full(path), full(target)) == 0 else {
            throw Self.error(errno, "cannot rename the file to \(target)", path)
        }
    }

    package func remove(_ path: String) throws(StorageError) {
        guard unsafe unlink(full(path)) == 0 else {
            throw Self.error(errno, "cannot remove the file", path)
        }
    }

    package func link(
        _ path: String, of source: any FileSystem, as target: String
    ) throws(StorageError) -> Bool {
        let place = source.place(of: path)
        guard let disk = place.fileSystem as? DiskFileSystem else { return false }
        if unsafe Glibc.link(disk.full(place.path), full(target)) == 0 { return true }
        switch errno {
        // Another disk, one without links, files of another user, too many names.
        case EXDEV, EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EACCES: return false
        case let code: throw Self.error(code, "cannot give the file a second name", path)
        }
    }

    package func syncFolder(_ path: String) throws(StorageError) {
        let descriptor: Int32
        do throws(StorageError) {
            descriptor = try openDescriptor(path, O_RDONLY | O_DIRECTORY)
        } catch  where path == ".." && error.systemCode == EACCES {
            // A folder above that may be passed through and not read is another's to keep.
            return
        }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw Self.error(errno, "cannot sync the folder", path)
        }
    }

    package func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock {
        let descriptor = try openDescriptor(path, O_RDWR | O_CREAT)
        let file = DiskFile(descriptor, path: path)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            guard code == EWOULDBLOCK else { throw Self.error(code, "cannot lock the file", path) }
            let byteCount = min(try file.byteCount(), 256)
            let bytes = try file.read(at: 0, count: Int(byteCount))
            let holder = String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
            throw StorageError(
                .locked, "the store is open in \(holder.isEmpty ? "another process" : holder)",
                file: path)
        }
        // Whose lock it is, for whoever is refused; not needed for the lock to hold.
        try file.truncate(to: 0)
        try file.write(Array((owner + "\n").utf8), at: 0)
        return DiskLock(file)
    }

    package func freeByteCount() throws(StorageError) -> UInt64 {
        var status = statvfs()
        guard unsafe statvfs(root, &status) == 0 else {
            throw Self.error(errno, "cannot ask for free space", "")
        }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// By the kernel's list of mounts: `statfs`, which would give a number for it, is not among
    /// what Swift sees of the system.
    package func kind() throws(StorageError) -> FileSystemKind {
        var path = root
        var status = stat()
        while unsafe stat(path, &status) != 0 {
            let code = errno
            if code == EINTR { continue }
            guard code == ENOENT, path != "/", path != "." else {
                throw Self.error(code, "cannot ask for the kind of file system", "")
            }
            // Of a folder that is not there yet, the one above it tells.
            path = Self.parent(of: path)
        }
        let device = UInt64(status.st_dev)
        let major = (device >> 8 & 0xfff) | (device >> 32 & ~0xfff)
        let minor = (device & 0xff) | (device >> 12 & 0xffff_ff00)
        guard let mounts = Self.mounts() else { return .local }
        return FileSystemKind(device: "\(major):\(minor)", mounts: mounts)
    }

    /// The kernel's list of mounts; nil where it is not to be had.
    private static func mounts() -> String? {
        let descriptor = unsafe Glibc.open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < 16 << 20 {
            let amount = unsafe read(descriptor, &part, part.count)
            if amount < 0 && errno == EINTR { continue }
            if amount <= 0 { break }
            bytes += part[..<amount]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func parent(of path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.last == 0x2f { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: 0x2f) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    fileprivate static func error(
        _ code: Int32, _ what: String, _ path: String
    ) -> StorageError {
        let reason = unsafe String(cString: strerror(code))
        let kind: StorageError.Code =
            switch code {
            case ENOSPC, EDQUOT, EFBIG: .diskFull
            case ENOENT, ENOTDIR: .missing
            default: .input
            }
        return StorageError(
            kind, "\(what): \(reason)", file: path.isEmpty ? nil : path, systemCode: code)
    }
}

/// A descriptor that is closed with its object.
private final class DiskFile: OpenFile {
    private let descriptor: Int32
    private let path: String

    init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { Glibc.close(descriptor) }

    func unlock() { _ = flock(descriptor, LOCK_UN) }

    func byteCount() throws(StorageError) -> UInt64 {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw DiskFileSystem.error(errno, "cannot ask for the file's size", path)
        }
        return UInt64(max(0, status.st_size))
    }

    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        // The size first: a length from a damaged file must not allocate what is not there.
        let byteCount = try byteCount()
        let (end, isOver) = offset.addingReportingOverflow(UInt64(max(0, count)))
        guard count >= 0, !isOver, end <= byteCount else {
            throw StorageError(
                .damaged, "the file ends at byte \(byteCount), \(count) bytes expected here",
                file: path, offset: offset)
        }
        var failure: TransferLoop.Failure?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(TransferLoop.Failure) {
                try TransferLoop.move(count, interruption: EINTR) { done, rest in
                    let amount = unsafe pread(
                        descriptor, buffer.baseAddress! + done, rest, off_t(offset) + off_t(done))
                    return (amount, errno)
                }
                filled = count
            } catch { failure = error }
        }
        switch failure {
        case nil: return bytes
        case .code(let code)?: throw DiskFileSystem.error(code, "cannot read", path)
        case .nothing(let done)?:
            throw StorageError(
                .damaged, "the file ends early", file: path, offset: offset + UInt64(done))
        }
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageError) {
        var failure: TransferLoop.Failure?
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(TransferLoop.Failure) {
                try TransferLoop.move(buffer.count, interruption: EINTR) { done, rest in
                    let amount = unsafe pwrite(
                        descriptor, buffer.baseAddress! + done, rest, off_t(offset) + off_t(done))
                    return (amount, errno)
                }
            } catch { failure = error }
        }
        switch failure {
        case nil: return
        case .code(let code)?: throw DiskFileSystem.error(code, "cannot write", path)
        case .nothing?: throw DiskFileSystem.error(EIO, "cannot write", path)
        }
    }

    func sync() throws(StorageError) {
        guard fdatasync(descriptor) == 0 else {
            throw DiskFileSystem.error(errno, "cannot sync", path)
        }
    }

    func allocate(byteCount: UInt64) throws(StorageError) {
        // Not fallocate with KEEP_SIZE, which the system's module does not offer: the file grows by
        // zeros, and a reader of the log takes zeros for its end.
        while true {
            let code = posix_fallocate(descriptor, 0, off_t(byteCount))
            if code == 0 { return }
            if code == EINTR { continue }
            // Not every file system can reserve; it is a help, not a need.
            if code == EOPNOTSUPP || code == EINVAL { return }
            throw DiskFileSystem.error(code, "cannot reserve room", path)
        }
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        while ftruncate(descriptor, off_t(byteCount)) != 0 {
            let code = errno
            if code != EINTR { throw DiskFileSystem.error(code, "cannot cut the file", path) }
        }
    }
}

/// The flock lives as long as this object.
private final class DiskLock: StoreLock {
    private let file: DiskFile

    init(_ file: DiskFile) { self.file = file }

    // A child between fork and exec shares the lock and would keep it a moment longer; unlocking
    // unlocks for all who share it.
    deinit { file.unlock() }
}

extension DiskFileSystem {
    /// This process and its machine, as another that is refused is told.
    package static var owner: String {
        var name = [CChar](repeating: 0, count: 256)
        let status = unsafe gethostname(&name, name.count - 1)
        let host = String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "process \(getpid())" + (status == 0 ? " on \(host)" : "")
    }
}
