import BelfryStorage
import Glibc

/// `BelfryBench scale PART FOLDER [DIVISOR]`: what many readings, many series, late readings and
/// little memory cost.
///
/// Each part runs in child processes, so that the memory of one says nothing about the next, and
/// prints lines of a table. A divisor makes everything so many times smaller, for trying.
enum ScaleBench {
    static func run(_ words: [String]) throws {
        guard words.count >= 2 else {
            print("usage: BelfryBench scale billion|series|late|gateway FOLDER [DIVISOR]")
            return
        }
        let folder = words[1]
        let divisor = words.count > 2 ? Int(words[2]) ?? 1 : 1
        let steps: [[String]]
        switch words[0] {
        case "billion":
            steps = [
                ["load", "close"], ["open", "once"], ["load-more", "kill"], ["open", "killed"],
                ["ask", "all"],
            ]
        case "series": steps = [["one", "row"], ["hundred", "rows"], ["open", "again"]]
        case "late": steps = [["in", "order"], ["late", "rows"]]
        case "gateway": steps = [["backlog", "and-more"], ["open", "again"]]
        case "billion-step": return try BillionBench(folder: folder, divisor: divisor).run(words[3])
        case "series-step":
            return try ManySeriesBench(folder: folder, divisor: divisor).run(words[3])
        case "late-step": return try LateBench(folder: folder, divisor: divisor).run(words[3])
        case "gateway-step":
            return try GatewayBench(folder: folder, divisor: divisor).run(words[3])
        default:
            print("there is no part \(words[0])")
            return
        }
        print("| step | figure | value |\n| --- | --- | ---: |")
        fflush(nil)
        for step in steps {
            let status = Child.run(["scale", words[0] + "-step", folder, "\(divisor)", step[0]])
            if status != 0 { print("| \(step[0]) | ended with | \(status) |") }
            fflush(nil)
        }
    }
}

/// Lines of the table.
enum Figure {
    static func line(_ step: String, _ name: String, _ value: String) {
        print("| \(step) | \(name) | \(value) |")
        fflush(nil)
    }

    static func number(_ value: Double, digits: Int = 2) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * scale).rounded())
        if digits == 0 { return "\(whole)" }
        let rest = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: digits - rest.count) + rest
    }

    static func memory(_ step: String) {
        line(
            step, "resident at the end, MiB",
            number(Double(ProcessMemory.resident) / 1048576, digits: 1))
        line(step, "resident at most, MiB", number(Double(ProcessMemory.peak) / 1048576, digits: 1))
    }

    static func written(_ step: String, _ statistics: StoreStatistics, stored: Int) {
        let rows = Double(max(1, statistics.rowByteCount))
        line(step, "bytes of rows", "\(statistics.rowByteCount)")
        for (name, count) in [
            ("log", statistics.logByteCount), ("flush", statistics.flushByteCount),
            ("compaction", statistics.compactionByteCount),
            ("manifests", statistics.manifestByteCount),
            ("checkpoints", statistics.checkpointByteCount),
        ] {
            line(
                step, "written by \(name), of the bytes of rows",
                number(Double(count) / rows, digits: 3))
        }
        line(step, "write amplification", number(statistics.writeAmplification, digits: 3))
        line(
            step, "written, of the bytes stored",
            number(Double(statistics.writtenByteCount) / Double(max(1, stored))))
    }
}

/// What the kernel says of this process's memory.
enum ProcessMemory {
    static var resident: Int { field("VmRSS:") }
    static var peak: Int { field("VmHWM:") }

    private static func field(_ name: String) -> Int {
        for line in (TextFile.read("/proc/self/status") ?? "").split(separator: "\n")
        where line.hasPrefix(name) {
            let digits = line.filter(\.isNumber)
            return (Int(digits) ?? 0) * 1024
        }
        return 0
    }
}

/// This program again, in a process of its own.
enum Child {
    /// The exit status; minus the signal that ended it.
    static func run(_ arguments: [String]) -> Int {
        var words: [UnsafeMutablePointer<CChar>?] = unsafe (["BelfryBench"] + arguments).map {
            unsafe strdup($0)
        }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: pid_t = 0
        guard unsafe posix_spawn(&process, "/proc/self/exe", nil, nil, words, environ) == 0 else {
            return -1
        }
        var status: Int32 = 0
        unsafe waitpid(process, &status, 0)
        let signal = status & 0x7f
        return signal == 0 ? Int((status >> 8) & 0xff) : -Int(signal)
    }
}
