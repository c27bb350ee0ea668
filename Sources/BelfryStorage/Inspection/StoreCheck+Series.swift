import BelfryCore

/// Series of segments, of the table in memory and of its checkpoint: one number, one key.
extension Store {
    /// The dictionary of a segment, a page at a time: the series of its blocks, with keys of the
    /// page's table that the series table has too.
    func checkSeries(
        _ reader: SegmentReader, _ present: [UInt32], _ report: inout CheckReport
    ) throws(StorageError) {
        var problems: [(message: String, offset: UInt64)] = []
        let isSame = try SegmentVerification.areSeries(of: reader, present) {
            (page, entries) throws(StorageError) in
            let place = reader.footer.pages[page]
            for entry in entries {
                if KeyWalk.table(entry.key.bytes)?.table != place.table
                    || (try? entry.key.parts()) == nil
                {
                    problems.append(
                        ("the key of series \(entry.number) names another table", place.offset))
                }
                if series.key(entry.number) != entry.key {
                    problems.append(
                        (
                            "series \(entry.number) has another key in the series table",
                            place.offset
                        ))
                }
            }
        }
        for problem in problems {
            report.add(problem.message, file: reader.path, offset: problem.offset)
        }
        if !isSame {
            report.add("the dictionary's series are not those of the blocks", file: reader.path)
        }
    }

    /// The newest checkpoint of the series table against the segments that it names. It is
    /// disposable, so what is wrong with it is a note; where it spoiled the table in memory, that
    /// is a problem of its own.
    func noteCheckpoint(
        _ manifest: Manifest, _ segments: [SegmentHandle], _ report: inout CheckReport
    ) {
        let names = (try? fileSystem.list(FileNames.seriesFolder)) ?? []
        guard let newest = names.compactMap(FileNames.seriesSequence).max() else { return }
        let path = FileNames.series(newest)
        let advice = "; it may be deleted while the store is closed, and is made again"
        do throws(StorageError) {
            let bytes = try fileSystem.readAll(path)
            report.byteCount += UInt64(bytes.count)
            let checkpoint: SeriesCheckpoint
            do throws(FormatError) {
                checkpoint = try SeriesCheckpoint.decode(
                    bytes, databaseID: identity.databaseID, below: manifest.nextSeries)
            } catch { throw StorageError(error, file: path) }
            if checkpoint.sequence != newest {
                report.notes.append(
                    "\(path): it is as of write \(checkpoint.sequence), by its name of \(newest)"
                        + advice)
            }
            let covered = Set(checkpoint.covered)
            for segment in segments {
                let place = SeriesCheckpoint.Covered(
                    fileID: segment.summary.fileID, salt: segment.summary.salt)
                guard covered.contains(place) else { continue }
                // A segment that cannot be read is told of as a problem of its own.
                guard let number = try? firstStranger(to: checkpoint, segment) else { continue }
                report.notes.append(
                    "\(path): series \(number) is not what \(segment.path) says" + advice)
            }
        } catch {
            // Another one may have taken its place meanwhile.
            guard (try? fileSystem.exists(path)) ?? true else { return }
            report.notes.append(
                "\(error): the checkpoint of the series table is of no use" + advice)
        }
    }

    /// A series of a segment that the checkpoint does not have, or with another key.
    private func firstStranger(
        to checkpoint: SeriesCheckpoint, _ segment: SegmentHandle
    ) throws(StorageError) -> UInt32? {
        let reader = try segment.reader()
        for (page, place) in reader.footer.pages.enumerated() {
            let table = checkpoint.tables.first { $0.table == place.table }
            for entry in try reader.page(page) {
                guard let table, let ordinal = table.ordinal(ofNumber: entry.number),
                    table.key(ordinal) == entry.key
                else { return entry.number }
            }
        }
        return nil
    }
}
