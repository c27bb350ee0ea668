"""Tables and tombstones, as manifest, segments and log write them (formats/segment.md, "Table
definition"; formats/manifest.md, "Tombstone")."""

from cursor import Cursor, FormatError

BOOLEAN, SMALLINT, INTEGER, BIGINT, DOUBLE, TEXT, TIMESTAMPTZ, TIMESTAMP, DATE = range(1, 10)
TIME, TAG, FIELD = range(3)
MERGE, REPLACE, KEEP, APPEND, ERROR = range(5)


class Column:
    def __init__(self, cursor):
        self.number = cursor.varint()
        self.name = cursor.text()
        self.type = cursor.u8()
        self.role = cursor.u8()
        self.kind = cursor.u8()
        if self.kind == 2:
            self.delta_interval = cursor.optional(lambda: interval(cursor))
        self.not_null = cursor.u8()
        self.unit = cursor.optional(cursor.text)
        self.default = cursor.optional(cursor.text)
        if not BOOLEAN <= self.type <= DATE or self.role > FIELD or self.kind > 3:
            raise FormatError(f"column {self.name} of an unknown type, role or kind")


class Table:
    def __init__(self, cursor):
        self.number = cursor.varint()
        self.version = cursor.varint()
        self.name = cursor.text()
        self.partition_width = cursor.u8()
        self.duplicates = cursor.u8()
        self.retain = cursor.optional(lambda: interval(cursor))
        self.stale_after = cursor.optional(lambda: interval(cursor))
        self.horizon = cursor.optional(lambda: interval(cursor))
        self.columns = cursor.times(lambda: Column(cursor))
        self.primary_key = cursor.times(cursor.varint)
        self.next_column = cursor.varint()

    @property
    def appends(self):
        return self.duplicates == APPEND


def interval(cursor):
    return cursor.zigzag(), cursor.zigzag(), cursor.zigzag()


class Tombstone:
    def __init__(self, cursor):
        self.table = cursor.varint()
        self.sequence = cursor.varint()
        self.start = cursor.i64()
        self.end = cursor.i64()
        self.series = None
        if cursor.u8():
            number = 0
            numbers = []
            for _ in range(cursor.varint()):
                number += cursor.varint()
                numbers.append(number)
            self.series = frozenset(numbers)

    def hides(self, series, time):
        return self.start <= time < self.end and (self.series is None or series in self.series)


def read_key(key):
    """A series' key: its table, and its tags by column number."""
    cursor = Cursor(key)
    table = cursor.varint()
    tags = {}
    while cursor.at < cursor.end:
        column = cursor.varint()
        tags[column] = bytes(cursor.counted())
    return table, tags
