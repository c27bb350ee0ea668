"""A segment: blocks of rows, by (table, series, time) (formats/segment.md)."""

import os

from checksum import part, verify
from cursor import Cursor, FormatError
from definitions import Table, Tombstone
from strip import Strip

MAGIC = b"BLFYSEG\n"
END_MAGIC = b"GESYFLB\n"
TIME, ROW_KIND = 0, 1
SAME_COLUMN, SAME_TIMES, MAPPED = 0x10, 0x20, 0x40


class StripPlace:
    """A strip as a block's header announces it."""

    def __init__(self, column, form):
        self.column = column
        self.form = form
        self.kind = form & 0x0F
        self.offset = self.count = self.values = self.other = None


class Block:
    def __init__(self, segment, offset, header_count, strips_count):
        self.offset = offset
        cursor = Cursor(part(segment.data, offset, header_count, segment.salt, "a block's header"))
        self.table = cursor.varint()
        self.rows = cursor.varint()
        self.first_time, self.last_time = cursor.i64(), cursor.i64()
        self.first_sequence = cursor.varint()
        self.last_sequence = self.first_sequence + cursor.varint()
        self.extents = []
        series = 0
        for _ in range(cursor.varint()):
            series += cursor.varint()
            self.extents.append((series, cursor.varint()))
        if sum(rows for _, rows in self.extents) != self.rows:
            raise FormatError("extents that do not add up to the block")
        self.strips = {}
        place, column = offset + header_count, 0
        for _ in range(cursor.varint()):
            column += cursor.varint()
            strip = StripPlace(column, cursor.u8())
            if strip.form & SAME_COLUMN:
                strip.other = column - cursor.varint()
            elif strip.form & SAME_TIMES:
                strip.other = cursor.varint()
            else:
                strip.count, strip.values = cursor.varint(), cursor.varint()
                if strip.form & MAPPED:
                    strip.other = cursor.varint()
                strip.offset = place
                place += strip.count
            self.strips[column] = strip
        cursor.must_end("a block's header")
        if place != offset + header_count + strips_count:
            raise FormatError("strips that leave gaps")


class Segment:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.path = os.path.basename(path)
        self.read_header()
        self.read_footer()
        self.read_index()
        self.keys = {}
        for page in self.pages:
            self.read_page(*page)
        self.decoded = {}

    def read_header(self):
        cursor = Cursor(self.data)
        if cursor.take(8) != MAGIC or cursor.u16() != 1 or cursor.u16() != 0:
            raise FormatError(f"{self.path} is no segment of version 1")
        cursor.take(4)
        self.database = cursor.take(16)
        self.file_id = cursor.u64()
        self.salt = cursor.u64()
        part(self.data, 0, 80, self.salt, "the header")

    def read_footer(self):
        place = len(self.data) - 32
        trailer = Cursor(self.data, place)
        self.footer_offset, count = trailer.u64(), trailer.u64()
        verify(self.data[place:place + 16], trailer.u64(), self.salt, place, "the trailer")
        if trailer.take(8) != END_MAGIC or self.footer_offset + count != place:
            raise FormatError(f"the trailer of {self.path} is wrong")
        cursor = Cursor(part(self.data, self.footer_offset, count, self.salt, "the footer"))
        if cursor.u64() != self.file_id:
            raise FormatError("another file id")
        self.partition = None
        self.table = None
        if cursor.u8():
            self.table = cursor.varint()
            self.partition = cursor.i64(), cursor.i64()
        self.first_sequence = cursor.varint()
        self.last_sequence = self.first_sequence + cursor.varint()
        self.first_time, self.last_time = cursor.i64(), cursor.i64()
        self.rows = cursor.varint()
        self.tables = cursor.times(lambda: Table(cursor))
        self.tombstones = cursor.times(lambda: Tombstone(cursor))
        self.replaced = cursor.times(cursor.varint)
        self.pages = cursor.times(lambda: [cursor.varint() for _ in range(6)])
        self.index_offset, self.index_count = cursor.varint(), cursor.varint()
        cursor.must_end("the footer")
        if self.index_offset + self.index_count != self.footer_offset:
            raise FormatError("an index that does not end where the footer begins")

    def read_index(self):
        index = part(self.data, self.index_offset, self.index_count, self.salt, "the index")
        cursor = Cursor(index)
        self.blocks = []
        place = 80
        for _ in range(cursor.varint()):
            table, first_series = cursor.varint(), cursor.varint()
            last_series = first_series + cursor.varint()
            times = cursor.i64(), cursor.i64()
            rows, offset, header_count, strips_count = (cursor.varint() for _ in range(4))
            if offset != place:
                raise FormatError("blocks that leave gaps")
            block = Block(self, offset, header_count, strips_count)
            said = (block.table, block.extents[0][0], block.extents[-1][0],
                    (block.first_time, block.last_time), block.rows)
            if said != (table, first_series, last_series, times, rows):
                raise FormatError("a block whose header is not what the index says")
            place = offset + header_count + strips_count
            self.blocks.append(block)
        cursor.must_end("the index")

    def read_page(self, table, first, span, series_count, offset, count):
        cursor = Cursor(part(self.data, offset, count, self.salt, "a dictionary page"))
        number, key = 0, b""
        if cursor.varint() != series_count:
            raise FormatError("a page of another number of series")
        for _ in range(series_count):
            number += cursor.varint()
            shared, own = cursor.varint(), cursor.varint()
            if shared > len(key):
                raise FormatError("more bytes shared than the key before has")
            key = key[:shared] + bytes(cursor.take(own))
            self.keys[number] = key
        cursor.must_end("a dictionary page")

    def resolve(self, index, column):
        """The block and the strip whose bytes are this column's."""
        block = self.blocks[index]
        place = block.strips[column]
        if place.form & SAME_COLUMN:
            block, place = block, block.strips[place.other]
        elif place.form & SAME_TIMES:
            other = index - place.other
            if column != TIME or other < 0:
                raise FormatError("a reference to a strip that is not there")
            block = self.blocks[other]
            place = block.strips[TIME]
        if place.offset is None or block.rows != self.blocks[index].rows:
            raise FormatError("a reference to a reference, or to another row count")
        return block, place

    def strip(self, index, column):
        """The decoded strip of a column of a block."""
        block, place = self.resolve(index, column)
        if place.offset not in self.decoded:
            source = None
            if place.form & MAPPED:
                if block.strips[place.other].form & (SAME_COLUMN | SAME_TIMES | MAPPED):
                    raise FormatError("a column mapped from one without a strip of its own")
                source = self.strip(self.blocks.index(block), place.other)
            data = self.data[place.offset:place.offset + place.count]
            strip = Strip(data, place.kind, block.rows, self.salt, place.offset, source)
            if sum(value is not None for value in strip.values) != place.values:
                raise FormatError("another number of values than the header says")
            self.decoded[place.offset] = strip
        return self.decoded[place.offset]

    def rows_of(self, index):
        """(series, time, row kind, {column: value}) of a block's rows."""
        block = self.blocks[index]
        series = [number for number, rows in block.extents for _ in range(rows)]
        times = self.strip(index, TIME).values
        kinds = [0] * block.rows
        if ROW_KIND in block.strips:
            kinds = self.strip(index, ROW_KIND).values
        columns = [(column, place.kind, self.strip(index, column).values)
                   for column, place in ((c, self.resolve(index, c)[1]) for c in block.strips)
                   if column >= 16]
        for row in range(block.rows):
            yield series[row], times[row], kinds[row], {
                column: (kind, values[row])
                for column, kind, values in columns if values[row] is not None
            }
