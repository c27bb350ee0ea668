"""The write-ahead log: writes that are in no segment yet (formats/log.md)."""

import os
import struct

from checksum import verify, xxh64
from cursor import Cursor, FormatError
from definitions import (
    BIGINT, BOOLEAN, DATE, DOUBLE, INTEGER, SMALLINT, TEXT, TIMESTAMP, TIMESTAMPTZ, Tombstone)
from strip import BOOLEANS, DOUBLES, INTEGERS, TEXTS

POINTS, SERIES, TOMBSTONES = 1, 2, 3
EACH_KIND = 255
PAYLOAD_LIMIT = 1 << 28

KIND_OF_TYPE = {
    BOOLEAN: BOOLEANS, SMALLINT: INTEGERS, INTEGER: INTEGERS, BIGINT: INTEGERS, DOUBLE: DOUBLES,
    TEXT: TEXTS, TIMESTAMPTZ: INTEGERS, TIMESTAMP: INTEGERS, DATE: INTEGERS,
}


class Write:
    """One record: `points` by table, `tombstones`, and definitions of series."""

    def __init__(self, sequence, payload):
        self.sequence = sequence
        self.points = []
        self.tombstones = []
        self.series = {}
        cursor = Cursor(payload)
        while cursor.at < cursor.end:
            kind = cursor.u8()
            if kind == POINTS:
                self.points.append(read_points(cursor))
            elif kind == SERIES:
                self.series.update(
                    cursor.times(lambda: (cursor.varint(), bytes(cursor.counted()))))
            elif kind == TOMBSTONES:
                self.tombstones.extend(cursor.times(lambda: Tombstone(cursor)))
            else:
                raise FormatError(f"section {kind} is unknown")
            align(cursor)


def align(cursor):
    if any(cursor.take(-cursor.at % 8)):
        raise FormatError("padding that is not zero")


def read_points(cursor):
    """A table's number, and its rows as (series, time, row kind, {column: value})."""
    table, _version, count = cursor.varint(), cursor.varint(), cursor.varint()
    row_kind = cursor.u8()
    series, number = [], 0
    for _ in range(cursor.varint()):
        number += cursor.varint()
        series.extend([number] * cursor.varint())
    if len(series) != count:
        raise FormatError("extents that do not add up to the rows")
    align(cursor)
    times = struct.unpack(f"<{count}q", cursor.take(8 * count))
    kinds = list(cursor.take(count)) if row_kind == EACH_KIND else [row_kind] * count
    columns = cursor.times(lambda: read_column(cursor, count))
    return table, [
        (series[row], times[row], kinds[row], {
            column: (kind, values[row])
            for column, kind, values in columns if values[row] is not None
        })
        for row in range(count)
    ]


def read_column(cursor, count):
    number, type_, has_validity = cursor.varint(), cursor.u8(), cursor.u8()
    align(cursor)
    validity = (1 << count) - 1
    if has_validity:
        validity = cursor.number(8 * -(-count // 64))
    kind = KIND_OF_TYPE[type_]
    if kind == TEXTS:
        offsets = struct.unpack(f"<{count + 1}I", cursor.take(4 * (count + 1)))
        data = bytes(cursor.take(offsets[-1]))
        values = [data[start:end] for start, end in zip(offsets, offsets[1:])]
    elif kind == BOOLEANS:
        values = [byte == 1 for byte in cursor.take(count)]
    else:
        form = "Q" if kind == DOUBLES else "q"
        values = struct.unpack(f"<{count}{form}", cursor.take(8 * count))
    return number, kind, [
        value if validity >> row & 1 else None for row, value in enumerate(values)
    ]


def read_file(path, database, first_sequence):
    """The writes of one file, and the salt is its header's."""
    with open(path, "rb") as file:
        data = file.read()
    cursor = Cursor(data)
    if cursor.take(8) != b"BELFRYLG" or cursor.u16() != 1 or cursor.u16() or cursor.u32() != 96:
        raise FormatError(f"{path} is no log of version 1")
    if cursor.take(16) != database:
        raise FormatError("another database's log")
    salt, first = cursor.u64(), cursor.u64()
    verify(data[:88], data[88:96], salt, 0, "a log's header")
    if first != first_sequence:
        raise FormatError("a log of another name")
    writes = []
    at = 96
    while at + 32 <= len(data):
        record = Cursor(data, at)
        checksum, count, kind, sequence = record.u64(), record.u32(), record.u32(), record.u64()
        record.u64()
        end = at + 32 + -(-count // 8) * 8
        if count > PAYLOAD_LIMIT or end > len(data) or sequence != first + len(writes):
            break
        if xxh64(data[at + 8:end], salt + at + 8) != checksum:
            break
        if kind != 1:
            raise FormatError(f"a record of kind {kind}")
        writes.append(Write(sequence, data[at + 32:at + 32 + count]))
        at = end
    if any(data[at:]):
        raise FormatError(f"{path} does not end clean at {at}")
    return writes


def read_log(folder, database, flushed_through):
    """All writes past `flushed_through`, and the keys of all series that the log defines."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".log"))
    writes, series = [], {}
    for place, name in enumerate(names):
        first = int(name[:-4])
        void_from = int(names[place + 1][:-4]) if place + 1 < len(names) else None
        for write in read_file(os.path.join(folder, name), database, first):
            if void_from is not None and write.sequence >= void_from:
                break
            series.update(write.series)
            if write.sequence > flushed_through:
                writes.append(write)
    return writes, series
