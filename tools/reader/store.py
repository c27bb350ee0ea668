"""A closed store: its tables and the rows that count (formats/README.md, "What rows count")."""

import os

from cursor import FormatError
from definitions import DOUBLE, TAG, TEXT, TIME, read_key
from doubles import pattern_of
from log import read_log
from manifest import Identity, Manifest
from segment import Segment
from strip import INTEGERS

MERGE, REPLACE, DELETE = range(3)


class Store:
    def __init__(self, folder):
        self.folder = folder
        self.identity = Identity(folder)
        self.manifest = Manifest(folder, self.identity)
        self.tables = self.manifest.tables
        self.segments = []
        self.keys = {}
        for entry in self.manifest.segments:
            path = os.path.join(folder, "segments", f"{entry.file_id:012}.seg")
            segment = Segment(path)
            if segment.salt != entry.salt or segment.database != self.identity.database:
                raise FormatError(f"{path} is not the segment that the manifest lists")
            segment.hidden_through = max(
                segment.last_sequence, self.manifest.applied_through.get(entry.file_id, 0))
            self.segments.append(segment)
            self.keys.update(segment.keys)
        self.segments.sort(key=lambda segment: (segment.first_sequence, segment.last_sequence))
        self.writes, series = read_log(
            os.path.join(folder, "log"), self.identity.database, self.manifest.flushed_through)
        self.keys.update(series)
        self.tombstones = self.manifest.tombstones + [
            tombstone for write in self.writes for tombstone in write.tombstones]

    def sources(self, table):
        """From the oldest to the newest: the sequence below which tombstones pass it, its rows."""
        for segment in self.segments:
            for index, block in enumerate(segment.blocks):
                if block.table == table.number:
                    yield segment.hidden_through, segment.rows_of(index)
        for write in self.writes:
            for number, rows in write.points:
                if number == table.number:
                    yield write.sequence, rows

    def forms(self):
        """What the store has beside strips, in words."""
        for segment in self.segments:
            yield "segment wide" if segment.table is None else "segment of a partition"
            if segment.file_id in self.manifest.cold:
                yield "segment cold"
            for block in segment.blocks:
                yield "block solo" if len(block.extents) == 1 else "block packed"
                if block.rows > 1024:
                    yield "block of several vectors"
                for place in block.strips.values():
                    yield f"strip flag {place.form & 0xF0:#04x}"
                    if place.column < 16:
                        yield f"strip of column {place.column}"
        for tombstone in self.manifest.tombstones:
            yield f"manifest tombstone of {'all' if tombstone.series is None else 'some'} series"
        for write in self.writes:
            for tombstone in write.tombstones:
                yield f"log tombstone of {'all' if tombstone.series is None else 'some'} series"
            for _, rows in write.points:
                for _, _, kind, _ in rows:
                    yield f"log row {['merge', 'replace', 'delete'][kind]}"
        if self.manifest.applied_through:
            yield "manifest section 3"

    def rows(self, table):
        """(series, time, {column: value}) of all rows of a table, by series and time."""
        tombstones = [one for one in self.tombstones if one.table == table.number]
        written = {}
        for sequence, rows in self.sources(table):
            hiding = [one for one in tombstones if one.sequence > sequence]
            for series, time, kind, values in rows:
                if not any(one.hides(series, time) for one in hiding):
                    written.setdefault((series, time), []).append((kind, values))
        for (series, time), versions in sorted(written.items(), key=lambda item: item[0]):
            for values in fold(versions, table.appends):
                yield series, time, values

    def line(self, table, series, time, values):
        """The values of a row, by the table's columns."""
        _, tags = read_key(self.keys[series])
        line = []
        for column in table.columns:
            if column.role == TIME:
                line.append((column.type, time))
            elif column.role == TAG:
                line.append((TEXT, tags.get(column.number)))
            else:
                kind, value = values.get(column.number, (None, None))
                if column.type == DOUBLE and kind == INTEGERS:
                    value = pattern_of(float(value))
                line.append((column.type, value))
        return line


def fold(versions, appends):
    """The rows that are left of all that was written for one series and time, oldest first."""
    if appends:
        left = []
        for kind, values in versions:
            if kind != MERGE:
                left = []
            if kind != DELETE:
                left.append(values)
        return left
    folded = {}
    there = False
    for kind, values in reversed(versions):
        if kind == DELETE:
            break
        there = True
        for column, value in values.items():
            folded.setdefault(column, value)
        if kind == REPLACE:
            break
    return [folded] if there else []
