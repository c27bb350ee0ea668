"""IDENTITY and the manifest (formats/README.md, formats/manifest.md)."""

import os

from checksum import verify
from cursor import Cursor, FormatError
from definitions import Table, Tombstone


class Identity:
    def __init__(self, path):
        with open(os.path.join(path, "IDENTITY"), "rb") as file:
            data = file.read()
        cursor = Cursor(data)
        if cursor.take(8) != b"BELFRYDB" or len(data) != 72:
            raise FormatError("no IDENTITY")
        self.version = cursor.u16()
        cursor.take(10)
        refused = cursor.u32()
        self.database = cursor.take(16)
        self.salt = cursor.u64()
        verify(data[:64], data[64:], self.salt, 0, "IDENTITY")
        if self.version != 1 or refused:
            raise FormatError(f"a store of version {self.version}, features {refused:#x}")


class SegmentEntry:
    def __init__(self, cursor):
        self.file_id = cursor.varint()
        self.salt = cursor.u64()
        self.byte_count = cursor.varint()
        self.table = cursor.varint()
        self.partition = (cursor.i64(), cursor.i64()) if self.table else None
        self.first_sequence, self.last_sequence = cursor.varint(), cursor.varint()
        self.times = cursor.i64(), cursor.i64()
        self.rows = cursor.varint()


class Manifest:
    def __init__(self, folder, identity):
        names = [name for name in os.listdir(folder)
                 if name.startswith("MANIFEST-") and name[9:].isdigit()]
        if not names:
            raise FormatError("no manifest")
        name = max(names)
        self.number_in_name = int(name[9:])
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        half = len(data) // 2
        if len(data) % 2 or half < 512:
            raise FormatError("a manifest of less than two sectors")
        try:
            self.read(data[:half], 0, identity)
        except FormatError:
            self.read(data[half:], half, identity)

    def read(self, copy, offset, identity):
        cursor = Cursor(copy)
        if cursor.take(8) != b"BELFRYMF" or cursor.u16() != 1 or cursor.u16() != 40:
            raise FormatError("no manifest of version 1")
        body_count = cursor.u32()
        if cursor.take(16) != identity.database:
            raise FormatError("another database's manifest")
        salt = cursor.u64()
        verify(copy[:-8], copy[-8:], salt, offset, "a copy of the manifest")
        self.read_body(Cursor(copy, 40, 40 + body_count))

    def read_body(self, cursor):
        self.number = cursor.varint()
        if self.number != self.number_in_name:
            raise FormatError("a manifest of another number")
        self.epoch = cursor.varint()
        self.flushed_through = cursor.varint()
        self.next_table, self.next_series, self.next_file = (cursor.varint() for _ in range(3))
        self.tables = {table.number: table for table in cursor.times(lambda: Table(cursor))}
        self.segments = cursor.times(lambda: SegmentEntry(cursor))
        self.retired = cursor.times(cursor.varint)
        self.tombstones = []
        self.applied_through = {}
        self.cold = set()
        for number, section in cursor.times(lambda: (cursor.varint(), cursor.counted())):
            self.read_section(number, Cursor(section))
        cursor.must_end("the manifest's body")

    def read_section(self, number, cursor):
        if number == 1:
            self.tombstones = cursor.times(lambda: Tombstone(cursor))
        elif number == 2:
            self.clock = cursor.i64()
        elif number == 3:
            self.applied_through = dict(
                cursor.times(lambda: (cursor.varint(), cursor.varint())))
        elif number == 128:
            self.cold = set(cursor.times(cursor.varint))
        elif number < 128:
            raise FormatError(f"section {number} is unknown")
