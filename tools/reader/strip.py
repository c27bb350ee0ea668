"""A strip: one column of one block (formats/codecs.md, "Frame" and "Kinds")."""

import bisect

import doubles
import statistics_of
from checksum import verify
from cursor import Cursor, FormatError, signed
from entries import (
    BOOLEANS, DOUBLES, INTEGERS, TEXTS, EncodedBits, StoredBytes, list_entries, vector_rows)
from integers import RAMP, RAW
from tokens import TokenTable

COLD = 0x10
MAPPED = 0x20
SCALED = 0x40


class Map:
    """A staircase over keys, by which the integers of another strip tell those of a mapped one."""

    LIMIT = 4096

    def __init__(self, cursor):
        count = cursor.varint()
        if not 1 <= count <= self.LIMIT:
            raise FormatError(f"a map of {count} keys")
        self.kind, self.stage, self.table, self.plain_dictionary = TEXTS, 1, None, False
        self.is_mapped = False
        self.counts = vector_rows(count)
        self.key_entries = list_entries(cursor, self, self.counts, self.counts)
        self.value_entries = list_entries(cursor, self, self.counts, self.counts)

    def read(self, payload):
        self.keys, self.values = [], []
        for numbers, entries in (self.keys, self.key_entries), (self.values, self.value_entries):
            for (entry, rows_before), count in zip(entries, self.counts):
                numbers.extend(entry.integers(payload, self, count, rows_before))
        if any(key >= next_ for key, next_ in zip(self.keys, self.keys[1:])):
            raise FormatError("keys that do not ascend")

    def step(self, integer):
        return self.values[max(bisect.bisect_right(self.keys, integer) - 1, 0)]


class Strip:
    """A decoded strip: `values` row by row, None where there is none; doubles are bit patterns,
    texts bytes."""

    def __init__(self, data, kind, rows, salt=0, offset=0, source=None):
        header = Cursor(data)
        directory_count, payload_count = header.u32(), header.u32()
        header.take(directory_count)
        verify(data[:header.at], header.take(8), salt, offset, "a strip's directory")
        place = header.at
        payload = header.take(payload_count)
        verify(payload, header.take(8), salt, offset + place, "a strip's payload")
        header.must_end("a strip")
        self.kind = kind
        self.stage = 0
        self.table = None
        self.unit, self.origin = 1, 0
        self.dictionary = None
        self.plain_dictionary = False
        self.source = source
        self.values = []
        # Of each vector, what stage B gives: another strip may be mapped from it.
        self.integers = []
        self.read(Cursor(data, 8, 8 + directory_count), Cursor(payload), rows)

    def read(self, cursor, payload, rows):
        self.read_head(cursor, rows)
        counts = vector_rows(rows)
        self.validity_form = cursor.u8()
        if self.validity_form > 2 or (self.validity_form == 2 and self.kind == BOOLEANS):
            raise FormatError(f"validity of form {self.validity_form}")
        self.validity = validity = None
        if self.validity_form:
            validity = [EncodedBits(cursor, count) for count in counts]
            self.validity = validity
        self.map = Map(cursor) if self.is_mapped else None
        if self.kind == BOOLEANS:
            entries = [EncodedBits(cursor, count) for count in counts]
        else:
            entries = self.read_entries(cursor, counts, validity)
        cursor.must_end("a directory")
        self.entries = entries
        self.read_payload(payload, counts, validity, entries)
        payload.must_end("a payload")

    def forms(self):
        """The forms that the strip has, in the words of the text."""
        kind = ["integers", "doubles", "booleans", "texts"][self.kind]
        stage = f" stage {self.stage:#04x}" if self.kind in (DOUBLES, TEXTS) else ""
        yield f"{kind}{stage}"
        yield f"{kind} validity form {self.validity_form}"
        if self.unit > 1:
            yield "integers scaled"
        if self.is_cold:
            yield f"{kind} tokens {'signed' if self.table.signed else 'unsigned'}"
        if self.map:
            yield f"{kind}{stage} mapped"
            for entry, _ in self.map.key_entries + self.map.value_entries:
                yield from entry.forms("map")
        for bits in self.validity or []:
            yield f"validity bits form {bits.form}"
        for bits in self.entries if self.kind == BOOLEANS else []:
            yield f"booleans bits form {bits.form}"
        for entry, _ in [] if self.kind == BOOLEANS else self.entries:
            yield from entry.forms(f"codes of {kind}" if self.is_of_codes() else kind)
        if self.stage == doubles.DICTIONARY and self.kind == DOUBLES:
            yield f"distinct doubles stage {self.inner.stage:#04x}"
            for entry, _ in self.inner.entries:
                yield from entry.forms("distinct doubles")
        if self.kind == TEXTS and self.stage == 1:
            yield self.dictionary_bytes.form("distinct texts")

    def is_of_codes(self):
        if self.kind not in (DOUBLES, TEXTS):
            return False
        return self.stage == (doubles.DICTIONARY if self.kind == DOUBLES else 1)

    def read_head(self, cursor, rows):
        kind = cursor.u8()
        self.is_cold = kind & COLD != 0
        self.is_mapped = kind & MAPPED != 0
        is_scaled = kind & SCALED != 0
        if is_scaled and (self.kind != INTEGERS or self.is_mapped):
            raise FormatError(f"a scaled strip of kind {kind:#x}")
        plain = kind & ~(COLD | MAPPED | SCALED)
        if plain != self.kind or (kind != BOOLEANS and self.kind == BOOLEANS):
            raise FormatError(f"a strip of kind {kind:#x} in place of {self.kind}")
        if self.is_mapped and self.source is None:
            raise FormatError("a mapped strip without its source")
        if cursor.varint() != rows:
            raise FormatError("a strip of another row count")
        if self.is_cold:
            self.table = TokenTable(cursor)
        if is_scaled:
            self.unit, self.origin = cursor.varint(), cursor.zigzag()
            if not 2 <= self.unit < 1 << 63:
                raise FormatError(f"steps of {self.unit}")
        if self.kind == DOUBLES:
            self.read_double_stage(cursor, rows)
        elif self.kind == TEXTS:
            self.stage = cursor.u8()
            if self.stage > 1:
                raise FormatError(f"texts of form {self.stage}")
            if self.stage == 1:
                self.distinct = cursor.varint()
                self.dictionary_bytes = StoredBytes(cursor)

    def read_double_stage(self, cursor, rows):
        self.stage = cursor.u8()
        if self.stage == doubles.DICTIONARY:
            self.distinct = cursor.varint()
            if self.distinct > min(rows, 16384):
                raise FormatError("more distinct doubles than rows")
            self.inner = InnerStrip(cursor, self.distinct, self.table)
            self.plain_dictionary = self.inner.all_decimals()
        else:
            check_double_stage(self.stage)
        if doubles.is_cut(self.stage):
            count = cursor.varint()
            if count > 1024:
                raise FormatError("more than 1,024 left parts")
            self.left_parts = [cursor.u8() | cursor.u8() << 8 for _ in range(count)]
            width = 64 - (48 + self.stage - doubles.CUT)
            if any(part >> width for part in self.left_parts):
                raise FormatError("a left part of too many bits")

    def read_entries(self, cursor, counts, validity):
        return list_entries(cursor, self, [
            bits.set if self.validity_form == 2 else count
            for count, bits in zip(counts, validity or counts)
        ], [bits.set for bits in validity] if validity else counts)

    def read_payload(self, payload, counts, validity, entries):
        if self.kind == DOUBLES and self.stage == doubles.DICTIONARY:
            self.dictionary = self.inner.read(payload)
        if self.kind == TEXTS and self.stage == 1:
            self.dictionary = read_texts(self.dictionary_bytes.read(payload), self.distinct)
        if self.map:
            self.map.read(payload)
        for vector, count in enumerate(counts):
            valid = validity[vector].read(payload) if validity else [True] * count
            if self.kind == BOOLEANS:
                slots = entries[vector].read(payload)
            else:
                entry, rows_before = entries[vector]
                slot_count = sum(valid) if self.validity_form == 2 else count
                slots = self.read_vector(
                    payload, vector, entry, slot_count, rows_before, valid)
            if self.validity_form == 2:
                compact = iter(slots)
                values = [next(compact) if there else None for there in valid]
            else:
                values = [slot if there else None for slot, there in zip(slots, valid)]
            self.values.extend(values)

    def read_vector(self, payload, vector, entry, count, rows_before, valid):
        if entry.shape.shape == RAMP and self.validity_form == 1 and not all(valid):
            raise FormatError("a ramp over rows without a value")
        integers = entry.integers(payload, self, count, rows_before)
        if self.map:
            others = self.source.integers[vector]
            if len(others) != count:
                raise FormatError("a source of another row count")
            integers = [
                signed(self.map.step(other) + rest) for other, rest in zip(others, integers)]
        counts = integers
        if self.unit > 1:
            if entry.shape.shape == RAW:
                raise FormatError("raw vectors of scaled integers")
            integers = [signed(self.origin + count * self.unit) for count in integers]
        self.integers.append(integers)
        slots = entry.values(integers, payload, self)
        if self.dictionary is not None:
            if any(not 0 <= code < len(self.dictionary) for code in slots):
                raise FormatError("codes beyond a dictionary")
            slots = [self.dictionary[code] for code in slots]
        elif self.kind == TEXTS:
            slots = cut(entry.texts.read(payload), slots)
        if self.kind in (INTEGERS, DOUBLES) and rows_before == 0:
            there = valid if self.validity_form == 1 else [True] * count
            statistics_of.check(entry, self, slots, counts, there)
        return slots


class InnerStrip:
    """The distinct doubles of a strip: count, stage and entries, without rows or validity."""

    def __init__(self, cursor, count, table):
        self.kind = DOUBLES
        self.table = None
        self.is_mapped = False
        self.plain_dictionary = False
        self.stage = cursor.u8()
        if self.stage == doubles.DICTIONARY:
            raise FormatError("a dictionary of a dictionary")
        check_double_stage(self.stage)
        if doubles.is_cut(self.stage):
            raise FormatError("a dictionary of cut patterns")
        self.counts = vector_rows(count)
        self.entries = list_entries(cursor, self, self.counts, self.counts)

    def all_decimals(self):
        return self.stage <= 18 and not any(entry.tag & 0xC0 for entry, _ in self.entries)

    def read(self, payload):
        self.integers = []
        patterns = []
        for (entry, rows_before), count in zip(self.entries, self.counts):
            integers = entry.integers(payload, self, count, rows_before)
            self.integers.extend(integers)
            patterns.extend(entry.values(integers, payload, self))
        return patterns


def check_double_stage(stage):
    decimal = any(
        first <= stage <= first + 18 for first in (0, doubles.CORRECTED, doubles.SINGLES))
    if not decimal and not doubles.is_cut(stage) and stage != doubles.PATTERNS:
        raise FormatError(f"doubles of stage {stage:#x}")


def read_texts(data, count):
    """Lengths of all distinct texts as varints, then the texts."""
    cursor = Cursor(data)
    lengths = [cursor.varint() for _ in range(count)]
    texts = [cursor.take(length) for length in lengths]
    cursor.must_end("a dictionary of texts")
    return texts


def cut(data, lengths):
    cursor = Cursor(data)
    if any(length < 0 for length in lengths):
        raise FormatError("a text of negative length")
    texts = [cursor.take(length) for length in lengths]
    cursor.must_end("texts")
    return texts
