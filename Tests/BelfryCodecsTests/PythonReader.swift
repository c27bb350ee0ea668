import Foundation
import Testing

/// `tools/reader`, the second reader, which knows the format from its text alone.
enum PythonReader {
    private static let script = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .appendingPathComponent("../../../tools/reader/read.py").standardized.path

    /// Whether there is a Python of 3.11 or later.
    static let isThere: Bool = {
        let check = "import sys; sys.exit(sys.version_info < (3, 11))"
        return (try? start(["-c", check], output: .nullDevice))?.terminationStatus == 0
    }()

    /// What it prints; an error that it ends with is an issue of the test.
    static func run(_ arguments: [String]) throws -> Data {
        let path = NSTemporaryDirectory() + "belfry-reader-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let output = try #require(FileHandle(forUpdatingAtPath: path))
        let process = try start([script] + arguments, output: output)
        let text = try Data(contentsOf: URL(fileURLWithPath: path))
        if process.terminationStatus != 0 {
            Issue.record("\(String(decoding: text.suffix(2000), as: UTF8.self))")
        }
        return text
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
