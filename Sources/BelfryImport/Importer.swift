import BelfryCore

/// Files of text into a table: the whole way from bytes to point batches.
///
/// 1. Where the table is not there yet, the types are settled over all records of all files (of a
///    pipe: over its first piece) and the table is made.
/// 2. Each file is read piece by piece: cut into fields, typed column by column, gathered into
///    batches, which another thread writes.
///
/// Memory is bounded by the piece, two batches that wait and the distinct series.
package struct Importer {
    private let options: ImportOptions
    private let target: any ImportTarget

    package init(options: ImportOptions, target: any ImportTarget) {
        self.options = options
        self.target = target
    }

    /// Imports files in their order; `-` is standard input.
    /// - Parameter progress: called on this thread after every piece.
    package func run(
        paths: [String], progress: (ImportProgress) -> Void = { _ in }
    ) throws(ImportError) -> ImportReport {
        for path in paths where path != "-" { _ = try ByteSource(path: path) }
        var report = ImportReport()
        var pipeReader: RecordReader?
        let table: TableSchema
        if let existing = try target.table(named: options.table) {
            table = existing
        } else {
            table = try makeTable(paths: paths, pipeReader: &pipeReader)
            report.createdTable = table
        }
        let pipeline = WritePipeline(target)
        var problems = ImportProblems(limit: options.problemCountLimit)
        do throws(ImportError) {
            for path in paths {
                let format = options.format ?? ImportFormat(path: path)
                let reader: RecordReader
                if path == "-", let pipe = pipeReader {
                    reader = pipe
                } else {
                    reader = try RecordReader(
                        path: path, format: format, options: options,
                        paths: ImportPlan.paths(for: table, options: options))
                }
                try read(
                    reader, format: format, into: table, pipeline, &problems, progress: progress)
                report.ignoredNames += reader.skippedNames
            }
        } catch {
            // What was handed in is written; the first error is the one that counts.
            _ = try pipeline.finish()
            throw error
        }
        report.add(try pipeline.finish())
        report.readCount = problems.readCount
        report.rejectedCount = problems.rejectedCount
        report.rejectedFieldCount = problems.rejectedFieldCount
        report.problems = problems.list
        return report
    }

    private func read(
        _ reader: RecordReader, format: ImportFormat, into table: TableSchema,
        _ pipeline: WritePipeline, _ problems: inout ImportProblems,
        progress: (ImportProgress) -> Void
    ) throws(ImportError) {
        let plan = try ImportPlan(
            table: table, names: reader.names, format: format, options: options,
            file: reader.file)
        var builder = BatchBuilder(
            plan: plan, names: reader.names, zone: options.zone,
            batchRowCount: options.batchRowCount)
        while try reader.next() {
            builder.append(
                reader, accepted: target.acceptedTimes(of: table), to: &problems)
            guard problems.rejectedCount <= options.rejectedCountLimit else {
                throw ImportError(
                    "more than \(options.rejectedCountLimit) records refused, the last at the "
                        + "line named here; the first: "
                        + (problems.list.first?.description ?? "not listed"),
                    file: reader.file, line: reader.line(of: reader.fields.rowStarts[0]))
            }
            if builder.rowCount >= options.batchRowCount { try pipeline.write(builder.finish()) }
            progress(
                ImportProgress(
                    file: reader.file, readByteCount: reader.readByteCount,
                    totalByteCount: reader.totalByteCount, rowCount: problems.readCount))
        }
        if builder.rowCount > 0 { try pipeline.write(builder.finish()) }
    }

    /// Settles the types and makes the table.
    private func makeTable(
        paths: [String], pipeReader: inout RecordReader?
    ) throws(ImportError) -> TableSchema {
        var inference: ColumnInference?
        for path in paths {
            let format = options.format ?? ImportFormat(path: path)
            let reader = try RecordReader(
                path: path, format: format, options: options, paths: nil)
            var found = inference ?? ColumnInference(names: [], format: format)
            func look(_ reader: RecordReader) {
                found.look(
                    at: reader.fields, reader.text, columns: found.columns(named: reader.names))
            }
            _ = found.columns(named: reader.names)
            if reader.isPipe {
                reader.peek(look)
                reader.keepNames()
                if path == "-" { pipeReader = reader }
            } else {
                while try reader.next() { look(reader) }
            }
            inference = found
        }
        guard let inference, let first = paths.first else {
            throw ImportError("no file to import")
        }
        let table = try ImportPlan.newTable(
            inference: inference, options: options,
            file: first == "-" ? "standard input" : first)
        return try target.create(table)
    }
}
