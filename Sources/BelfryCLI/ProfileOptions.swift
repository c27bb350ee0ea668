import ArgumentParser
import Belfry
import BelfryImport
import CMalloc
import Glibc

/// `--profile` and `--report-memory`: how much of a machine a command may take, and what it took.
struct ProfileOptions: ParsableArguments {
    enum Profile: String, ExpressibleByArgument, CaseIterable {
        case server, gateway
    }

    @Option(help: "server, or gateway: 64 MiB of memory, a second between syncs, 50,000 series.")
    var profile: Profile = .server

    @Flag(
        name: .customLong("report-memory"),
        help: "Say on standard error how much memory was resident at most.")
    var reportsMemory = false

    /// The options of the database; also tells the allocator, before threads are made.
    func databaseOptions() -> DatabaseOptions {
        switch profile {
        case .server: return DatabaseOptions()
        case .gateway:
            belfry_keep_heap_small()
            return .gateway
        }
    }

    /// Smaller pieces on the way in.
    func apply(to options: inout ImportOptions) {
        if profile == .gateway {
            options.batchRowCount = 8192
            options.bufferByteCount = 256 << 10
        }
    }

    /// The last thing of a command.
    func report() {
        guard reportsMemory, let status = Self.status() else { return }
        for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            let kibibytes = line.filter(\.isNumber)
            Terminal.writeError("resident at most: \(kibibytes) KiB")
        }
    }

    private static func status() -> String? {
        let descriptor = unsafe open("/proc/self/status", O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
