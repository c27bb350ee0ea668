import Foundation
import Testing

@testable import BelfryStorage

/// The worked examples of `formats/*.md`: each is what `inspect` says of the file that a test
/// writes, line for line. With BELFRY_REWRITE_PAGES=1 the pages are written anew; read the
/// difference before committing it.
enum PageExample {
    private static var formats: URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../formats")
            .standardized
    }

    static func listing(
        _ path: String, in fileSystem: any FileSystem,
        _ options: InspectionOptions = InspectionOptions()
    ) throws -> (lines: [String], problemCount: Int) {
        let lines = Lines()
        let count = try Inspection.inspect(path, in: fileSystem, options) { lines.all.append($0) }
        return (lines.all, count)
    }

    private final class Lines { var all: [String] = [] }

    /// Compares the code block behind a page's last heading "## Example…".
    static func compare(_ path: String, in fileSystem: any FileSystem, with page: String) throws {
        var options = InspectionOptions()
        options.isBrief = false
        let (lines, problemCount) = try listing(path, in: fileSystem, options)
        #expect(problemCount == 0)
        let url = formats.appending(path: page)
        let text = try String(contentsOf: url, encoding: .utf8)
        let heading = try #require(text.range(of: "\n## Example", options: .backwards))
        let start = try #require(
            text.range(of: "```\n", range: heading.upperBound..<text.endIndex))
        let end = try #require(text.range(of: "\n```", range: start.upperBound..<text.endIndex))
        let found = lines.joined(separator: "\n")
        if text[start.upperBound..<end.lowerBound] == found { return }
        if ProcessInfo.processInfo.environment["BELFRY_REWRITE_PAGES"] == nil {
            Issue.record("the example of formats/\(page) is not what is written now:\n\(found)")
        } else {
            try text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: found)
                .write(to: url, atomically: true, encoding: .utf8)
        }
    }
}
