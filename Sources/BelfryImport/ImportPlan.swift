import BelfryCore

/// Which source column goes where: the time, the tags in the table's order, the fields.
struct ImportPlan {
    struct Field {
        let source: Int
        /// The index of the column in the table.
        let column: Int
    }

    let table: TableSchema
    /// Nil for a reference table.
    let timeSource: Int?
    let tags: [SeriesColumn.Tag]
    let fields: [Field]

    /// For a table that is there.
    /// - Parameter names: the source's columns.
    init(
        table: TableSchema, names: [String], format: ImportFormat, options: ImportOptions,
        file: String
    ) throws(ImportError) {
        self.table = table
        let wanted = SourceNames(names: names, options: options, file: file)
        if format == .csv { try wanted.check() }
        let timeIndex = table.timeIndex
        if let timeIndex {
            timeSource = try wanted.timeSource(columnName: table.columns[timeIndex].name)
        } else if let name = options.timeName {
            throw ImportError(
                "table \(table.name) is a reference table and has no time; it was told to be "
                    + "\"\(name)\"")
        } else {
            timeSource = nil
        }
        var sources: [Int: Int] = [:]
        for (source, name) in names.enumerated() {
            if source == timeSource || wanted.isSkipped(name) { continue }
            let columnName = wanted.columnName(of: name)
            guard let column = table.columnIndex(named: columnName), column != timeIndex else {
                throw ImportError(
                    "table \(table.name) has no column for \"\(columnName)\"; it has "
                        + table.columns.map(\.name).joined(separator: ", "),
                    file: file, line: format == .csv ? 1 : nil,
                    hint: "--map \(name)=COLUMN names the column, --skip \(name) leaves it out.")
            }
            guard sources[column] == nil else {
                throw ImportError(
                    "two columns go to \"\(table.columns[column].name)\"", file: file, line: 1)
            }
            sources[column] = source
        }
        for name in options.tagNames {
            let columnName = wanted.columnName(of: name)
            if let column = table.columnIndex(named: columnName),
                !table.isReference, table.columns[column].role != .tag
            {
                throw ImportError(
                    "\"\(columnName)\" is no tag of table \(table.name) but a field", file: file)
            }
        }
        var tags: [SeriesColumn.Tag] = []
        var fields: [Field] = []
        for (index, column) in table.columns.enumerated() {
            guard let source = sources[index] else { continue }
            if column.role == .tag {
                tags.append(SeriesColumn.Tag(source: source, number: column.number))
            } else {
                fields.append(Field(source: source, column: index))
            }
        }
        self.tags = tags
        self.fields = fields
    }

    /// The table that an import makes when there is none: time, tags, and all else fields.
    static func newTable(
        inference: ColumnInference, options: ImportOptions, file: String
    ) throws(ImportError) -> TableSchema {
        let wanted = SourceNames(names: inference.names, options: options, file: file)
        try wanted.check()
        let timeSource = try wanted.timeSource(columnName: "time")
        let timeName = inference.names[timeSource]
        let isMapped = options.columnNames.contains { $0.source == timeName }
        var columns = [
            ColumnSchema(
                name: isMapped ? wanted.columnName(of: timeName) : "time", type: .timestamptz,
                role: .time, isNotNull: true)
        ]
        for name in options.tagNames {
            columns.append(
                ColumnSchema(name: wanted.columnName(of: name), type: .text, role: .tag))
        }
        for (source, name) in inference.names.enumerated() {
            if source == timeSource || wanted.isSkipped(name) || options.tagNames.contains(name) {
                continue
            }
            columns.append(
                ColumnSchema(
                    name: wanted.columnName(of: name), type: inference.type(named: name),
                    role: .field))
        }
        var seen: Set<String> = []
        for column in columns where !seen.insert(column.name.lowercased()).inserted {
            throw ImportError(
                "two columns would be called \"\(column.name)\"", file: file,
                hint: "--map SOURCE=COLUMN gives one another name, --skip SOURCE leaves it out.")
        }
        return TableSchema(name: options.table, columns: columns)
    }

    /// The members of JSON records that a table's columns are read from.
    static func paths(for table: TableSchema, options: ImportOptions) -> [String] {
        var paths: [String] = []
        for column in table.columns {
            let isTime = column.role == .time
            if let mapped = options.columnNames.first(where: { $0.column == column.name }) {
                paths.append(mapped.source)
            } else if isTime, let name = options.timeName {
                paths.append(name)
            } else {
                paths.append(column.name)
            }
        }
        return paths.filter { !options.skippedNames.contains($0) }
    }
}

/// The names that options speak of, looked up among those of the source.
private struct SourceNames {
    let names: [String]
    let options: ImportOptions
    let file: String

    /// That every name in the options is there.
    func check() throws(ImportError) {
        let told =
            options.tagNames.map { ("--tag", $0) } + options.skippedNames.map { ("--skip", $0) }
            + options.columnNames.map { ("--map", $0.source) }
            + (options.timeName.map { [("--time", $0)] } ?? [])
        for (option, name) in told where !names.contains(name) {
            throw ImportError(
                "no column \"\(name)\" (\(option)); the file has "
                    + names.joined(separator: ", "),
                file: file, line: 1)
        }
        for name in options.tagNames where options.skippedNames.contains(name) {
            throw ImportError("\"\(name)\" is both a tag and skipped", file: file)
        }
    }

    func isSkipped(_ name: String) -> Bool { options.skippedNames.contains(name) }

    func columnName(of name: String) -> String {
        options.columnNames.first { $0.source == name }?.column ?? name
    }

    /// The source column that holds the time.
    func timeSource(columnName: String) throws(ImportError) -> Int {
        if let name = options.timeName {
            if let index = names.firstIndex(of: name) { return index }
        } else {
            let candidates = [columnName.lowercased(), "time", "timestamp"]
            for candidate in candidates {
                let found = names.firstIndex { name in
                    !isSkipped(name) && self.columnName(of: name).lowercased() == candidate
                }
                if let found { return found }
            }
        }
        throw ImportError(
            "no column with the time; the file has " + names.joined(separator: ", "), file: file,
            line: 1, hint: "--time NAME names it.")
    }
}
