package import Foundation

/// `tools/reader`, the second reader, which knows the formats from their text alone.
package enum PythonReader {
    /// What tells that a test was skipped for want of what the reader runs on.
    package static let lack = "python3 (3.11 or later) or libzstd.so is not there"

    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .appendingPathComponent("../../../tools/reader").standardized

    /// Whether there is a Python of 3.11 or later that finds libzstd.
    package static let isThere: Bool = {
        let check = """
            import sys
            if sys.version_info < (3, 11): sys.exit(1)
            sys.path.insert(0, sys.argv[1])
            import zstd
            zstd.library()
            """
        let arguments = ["-B", "-c", check, folder.path]
        return (try? start(arguments, output: .nullDevice))?.terminationStatus == 0
    }()

    /// What it prints.
    /// - Throws: `Failure` with the end of what it said, where it ends with an error.
    package static func run(_ arguments: [String]) throws -> Data {
        let path = NSTemporaryDirectory() + "belfry-reader-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        guard let output = FileHandle(forUpdatingAtPath: path) else {
            throw Failure(description: "\(path) was not made")
        }
        let script = folder.appendingPathComponent("read.py").path
        let process = try start([script] + arguments, output: output)
        let text = try Data(contentsOf: URL(fileURLWithPath: path))
        guard process.terminationStatus == 0 else {
            throw Failure(description: String(decoding: text.suffix(2000), as: UTF8.self))
        }
        return text
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private static func start(_ arguments: [String], output: FileHandle) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        return process
    }
}
