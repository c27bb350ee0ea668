import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryStorage

/// Who may open a folder, with the locks of the real kernel: STORAGE 3.4, cases 49 to 52.
struct LockTests {
    private func written() throws -> (DiskFolder, Store) {
        let folder = DiskFolder()
        let store = try Store.open(path: folder.path, options: Fixture.options)
        try Fixture.write(Fixture.rows(0..<2), to: store)
        try store.flush()
        try Fixture.write(Fixture.rows(2..<3), to: store)
        return (folder, store)
    }

    /// A program that runs until its input ends, with every descriptor that an exec hands on.
    private func child() throws -> (pid: pid_t, input: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        unsafe posix_spawn_file_actions_addclose(&actions, ends[1])
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        var pid: pid_t = 0
        let path = "/bin/cat"
        guard let name = unsafe strdup(path) else { return (0, 0) }
        defer { unsafe free(name) }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [name, nil]
        #expect(unsafe posix_spawn(&pid, path, &actions, nil, &arguments, environ) == 0)
        close(ends[0])
        return (pid, ends[1])
    }

    @Test(
        "Case 49: a second writer is refused with the owner's process and host, and changes nothing"
    )
    func secondWriter() throws {
        let (folder, store) = try written()
        let before = try folder.contents()
        let failure = #expect(throws: StorageError.self) {
            try Store.open(path: folder.path, options: Fixture.options)
        }
        #expect(failure?.code == .locked)
        #expect(failure?.message.contains("process \(getpid()) on ") == true)
        var host = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&host, 255)
        let name = String(
            decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(failure?.message.contains(name) == true)
        var reading = Fixture.options
        reading.isReadOnly = true
        #expect(try Fixture.rowCount(Store.open(path: folder.path, options: reading)) == 6)
        #expect(try folder.contents() == before)
        try store.close()
    }

    @Test("Case 50: the same folder by a link or another path is refused in the same process too")
    func otherPaths() throws {
        let (folder, store) = try written()
        let link = folder.path + "-link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: folder.path)
        defer { try? FileManager.default.removeItem(atPath: link) }
        // The last is the folder as another mount of the same disk would show it.
        for path in [
            folder.path, link, folder.path + "/segments/..", "/proc/self/root" + folder.path,
        ] {
            let failure = #expect(throws: StorageError.self, "\(path)") {
                try Store.open(path: path, options: Fixture.options)
            }
            #expect(failure?.code == .locked)
        }
        // A descriptor of the same file that is closed takes no lock with it.
        _ = FileManager.default.contents(atPath: folder.path + "/LOCK")
        #expect(throws: StorageError.self) {
            try Store.open(path: link, options: Fixture.options)
        }
        try store.close()
        let again = try Store.open(path: link, options: Fixture.options)
        #expect(try Fixture.rowCount(again) == 6)
        try again.close()
    }

    @Test("Case 51: a child process inherits neither the lock nor any file")
    func childProcess() throws {
        let (folder, store) = try written()
        _ = try Fixture.rowCount(store)
        let (pid, input) = try child()
        defer {
            close(input)
            var status: Int32 = 0
            unsafe waitpid(pid, &status, 0)
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
        for descriptor in descriptors {
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(pid)/fd/\(descriptor)")
            #expect(target?.hasPrefix(folder.path) != true, "\(target ?? "")")
        }
        try store.close()
        // The child runs on, and the folder is free.
        #expect(kill(pid, 0) == 0)
        let again = try Store.open(path: folder.path, options: Fixture.options)
        #expect(try Fixture.rowCount(again) == 6)
        try again.close()
    }
}
