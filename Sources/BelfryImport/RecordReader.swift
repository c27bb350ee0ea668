/// A file as tables of fields, one after another: source, buffer and tokenizer together.
///
/// The table and its text are good until the next call of `next`.
final class RecordReader {
    private enum Tokenizer {
        case csv(CSVTokenizer)
        case json(JSONLinesTokenizer)
    }

    let file: String
    private let source: ByteSource
    private let buffer: InputBuffer
    private var tokenizer: Tokenizer
    private(set) var fields: FieldTable
    private(set) var faults: [RecordFault] = []
    /// Where the next call goes on.
    private var done: Int

    /// - Parameter paths: the members of JSON records that are columns; nil to find them.
    init(
        path: String, format: ImportFormat, options: ImportOptions, paths: [String]?
    ) throws(ImportError) {
        source = try ByteSource(path: path)
        file = source.name
        // What comes by a pipe cannot be read twice: types are settled over one larger piece.
        let isPipe = source.totalByteCount == nil
        buffer = InputBuffer(
            source, capacity: isPipe ? 4 * options.bufferByteCount : options.bufferByteCount)
        try buffer.fill()
        done = buffer.start
        switch format {
        case .csv:
            let header = try CSVHeader(buffer, delimiter: options.delimiter, file: source.name)
            names = header.names
            tokenizer = .csv(
                CSVTokenizer(delimiter: header.delimiter, columnCount: header.names.count))
            fields = FieldTable(columnCount: header.names.count)
            buffer.consume(to: header.end)
            done = header.end
        case .ndjson:
            names = paths ?? []
            tokenizer = .json(JSONLinesTokenizer(paths: paths ?? [], findsPaths: paths == nil))
            fields = FieldTable(columnCount: names.count)
            if buffer.end - buffer.start >= 3, buffer.text[buffer.start] == 0xef {
                buffer.consume(to: buffer.start + 3)
                done = buffer.start
            }
        }
    }

    /// The source's columns in the order of the fields.
    private(set) var names: [String]

    var isPipe: Bool { source.totalByteCount == nil }
    var text: TextBytes { buffer.text }
    var readByteCount: Int { source.readByteCount }
    var totalByteCount: Int? { source.totalByteCount }

    /// The line of a place in the text.
    func line(of offset: Int) -> Int { buffer.line(of: offset) }

    /// Members of JSON records that were no columns.
    var skippedNames: [String] {
        guard case .json(let json) = tokenizer else { return [] }
        return json.skippedPaths.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    /// Fixes the columns of JSON records to those found so far.
    func keepNames() {
        if case .json = tokenizer {
            tokenizer = .json(JSONLinesTokenizer(paths: names, findsPaths: false))
            fields = FieldTable(columnCount: names.count)
        }
    }

    /// Reads the next rows; false at the end of the file.
    func next() throws(ImportError) -> Bool {
        buffer.consume(to: done)
        while true {
            if buffer.start < buffer.end {
                let progress = tokenize(from: buffer.start)
                done = progress.consumed
                if fields.rowCount > 0 || !faults.isEmpty { return true }
                buffer.consume(to: done)
                if !progress.needsInput { continue }
            }
            if buffer.isLast {
                guard buffer.start < buffer.end else { return false }
                faults = [
                    RecordFault(offset: buffer.start, message: "a quoted field that does not end")
                ]
                done = buffer.end
                return true
            }
            try buffer.fill()
            done = buffer.start
        }
    }

    /// Shows all rows that are in the buffer, without being done with them.
    func peek(_ look: (RecordReader) -> Void) {
        var position = buffer.start
        while position < buffer.end {
            let progress = tokenize(from: position)
            if fields.rowCount > 0 { look(self) }
            position = progress.consumed
            if progress.needsInput { break }
        }
        fields.removeAll()
        faults = []
    }

    private func tokenize(from start: Int) -> TokenizerProgress {
        var room = buffer.roomStart
        faults = []
        fields.removeAll()
        switch tokenizer {
        case .csv(let csv):
            return csv.tokenize(
                buffer.text, from: start, to: buffer.end, into: &fields, room: &room,
                faults: &faults)
        case .json(var json):
            if json.paths.count > fields.columnCount {
                fields = FieldTable(columnCount: json.paths.count)
                names = json.paths.map { String(decoding: $0, as: UTF8.self) }
            }
            let progress = json.tokenize(
                buffer.text, from: start, to: buffer.end, into: &fields, room: &room,
                faults: &faults)
            tokenizer = .json(json)
            return progress
        }
    }
}
