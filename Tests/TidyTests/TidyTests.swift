import Foundation
import Testing

/// The repository checks itself.
struct TidyTests {
    private static var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    private static func swiftFiles(_ folder: String) throws -> [(path: String, lines: [String])] {
        let base = root.appendingPathComponent(folder)
        let files = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String }
        return try (files ?? []).filter { $0.hasSuffix(".swift") }.sorted().map { name in
            let text = try String(
                contentsOf: base.appendingPathComponent(name), encoding: .utf8)
            return (folder + "/" + name, text.components(separatedBy: "\n"))
        }
    }

    /// The same bits from every processor: see tools/check-arithmetic.
    @Test func arithmeticOfDoublesIsNotFused() throws {
        let process = Process()
        process.executableURL = Self.root.appendingPathComponent("tools/check-arithmetic")
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: output, as: UTF8.self))")
    }

    /// Full Foundation would eat a third of a gateway's memory.
    @Test func sourcesDoWithoutFoundation() throws {
        for (path, lines) in try Self.swiftFiles("Sources") {
            #expect(!lines.contains { $0.hasSuffix("import Foundation") }, "\(path)")
        }
    }

    @Test func noLeftoversAndNoTraps() throws {
        let banned = ["TO" + "DO", "FIX" + "ME", "fatal" + "Error(", "try" + "!", "XX" + "X:"]
        for (path, lines) in try Self.swiftFiles("Sources") {
            for (number, line) in lines.enumerated() {
                for word in banned where line.contains(word) {
                    Issue.record("\(path):\(number + 1): \(word)")
                }
            }
        }
    }

    @Test func linesAndFilesAreShort() throws {
        for folder in ["Sources", "Benchmarks"] {
            for (path, lines) in try Self.swiftFiles(folder) {
                #expect(lines.count <= 1_000, "\(path)")
                for (number, line) in lines.enumerated() where line.count > 100 {
                    Issue.record("\(path):\(number + 1): \(line.count) columns")
                }
            }
        }
    }

    /// The first thing that a file says is what it is.
    @Test func everyFileIsIntroduced() throws {
        for (path, lines) in try Self.swiftFiles("Sources") {
            let first = lines.first { (line: String) -> Bool in
                let isImport = ["import ", "package import ", "public import ", "internal import "]
                    .contains(where: line.hasPrefix)
                return !line.isEmpty && !isImport
            }
            #expect(first?.hasPrefix("//") ?? false, "\(path) begins with \(first ?? "nothing")")
        }
    }

    @Test func unsafeStandsInFewFiles() throws {
        for (path, lines) in try Self.swiftFiles("Sources")
        where lines.contains(where: { $0.contains("@unchecked " + "Sendable") }) {
            #expect(path.contains("/Threads/"), "\(path)")
        }
        for (path, lines) in try Self.swiftFiles("Sources") {
            #expect(!lines.contains { $0.contains("nonisolated(" + "unsafe)") }, "\(path)")
        }
    }

    @Test func formatsAreDocumented() throws {
        for name in ["README", "log", "segment", "manifest", "codecs", "series"] {
            let path = Self.root.appendingPathComponent("formats/\(name).md").path
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.count > 1_000, "formats/\(name).md")
        }
    }
}
