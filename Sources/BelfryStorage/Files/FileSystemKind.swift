/// What kind of file system a store's folder lies on, and whether the promises hold there.
///
/// On a network, locks may be kept by nobody, a rename may be seen late and a sync may lie; a
/// store there is refused unless its owner insists.
package struct FileSystemKind: Sendable, Hashable {
    /// As the system calls it.
    package let name: String
    package let isSafe: Bool

    package static let local = FileSystemKind(name: "local", isSafe: true)

    /// Those of which another machine, or a program outside of the kernel, has the last word.
    private static let unsafeNames: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse", "fuseblk", "virtiofs", "9p", "afs",
        "ceph", "coda", "lustre", "gpfs", "gfs2", "ocfs2", "beegfs", "orangefs", "pvfs2", "panfs",
        "ncpfs", "vboxsf", "vmhgfs", "prl_fs",
    ]

    private init(name: String, isSafe: Bool) {
        self.name = name
        self.isSafe = isSafe
    }

    package init(name: String) {
        self.init(
            name: name, isSafe: !Self.unsafeNames.contains(name) && !name.hasPrefix("fuse."))
    }

    /// What is mounted there, from the kernel's list of mounts (`/proc/self/mountinfo`); local
    /// where the list does not have the device.
    ///
    /// - Parameter device: `major:minor` of a file there.
    package init(device: String, mounts: String) {
        for line in mounts.utf8.split(separator: 0x0a) {
            // Number, parent, device, root, place, options, any tags, a dash, type, source, …
            let fields = line.split(separator: 0x20)
            guard fields.count > 2, fields[2].elementsEqual(device.utf8),
                let dash = fields.lastIndex(where: { $0.elementsEqual("-".utf8) }),
                dash + 1 < fields.count
            else { continue }
            self.init(name: String(decoding: Array(fields[dash + 1]), as: UTF8.self))
            return
        }
        self = .local
    }
}

extension FileSystem {
    /// Where an implementation does not say otherwise.
    package func kind() throws(StorageError) -> FileSystemKind { .local }

    /// Refuses a folder in which the promises would not hold; nothing was changed yet.
    func checkKind(isAllowed: Bool) throws(StorageError) {
        let kind = try kind()
        guard kind.isSafe || isAllowed else {
            throw StorageError(
                .unsafeFileSystem,
                "the folder lies on \(kind.name), where locks, renames and syncs cannot be relied "
                    + "on; move the store to a local disk, or allow an unsafe file system")
        }
    }
}
