import BelfryTown

/// A town held in memory, and its files as rows of text.
struct TownText: TownSink, Sendable {
    private(set) var files: [String: [UInt8]] = [:]
    private(set) var largestPiece = 0

    mutating func append(_ bytes: [UInt8], to file: String) throws(Never) {
        files[file, default: []].append(contentsOf: bytes)
        largestPiece = max(largestPiece, bytes.count)
    }

    func text(_ file: String) -> String {
        String(decoding: files[file] ?? [], as: UTF8.self)
    }

    /// The lines of a file, cut at commas, without the header.
    func rows(_ file: String) -> [[String]] {
        (files[file] ?? []).split(separator: UInt8(ascii: "\n")).dropFirst().map { line in
            line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    func header(_ file: String) -> [String] {
        let line = (files[file] ?? []).prefix { $0 != UInt8(ascii: "\n") }
        return line.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A column of `truth/digest.txt` by its first two words.
    func digest(_ table: String, _ day: String) -> String? {
        for line in text("truth/digest.txt").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, words[0] == table, words[1] == day { return String(words[2]) }
        }
        return nil
    }

    static func make(_ options: TownOptions) -> (text: TownText, summary: TownSummary) {
        var text = TownText()
        let summary = Town(options: options).generate(into: &text)
        return (text, summary)
    }

    /// The town of the quickstart, made once.
    static let small = make(TownOptions())
}

let readingTables = ["traffic", "air", "weather", "parking", "meter"]
