"""What a strip's directory holds of its vectors (formats/codecs.md, "Entries" and "Validity")."""

import doubles
import statistics_of
from cursor import FormatError
from integers import CONSTANT, PATCHED, RAMP, XOR, Shape
from zstd import decompress

INTEGERS, DOUBLES, BOOLEANS, TEXTS = range(4)
VECTOR = 1024
TEXT_LIMIT = 64 << 20


def vector_rows(rows):
    return [min(VECTOR, rows - start) for start in range(0, rows, VECTOR)]


class EncodedBits:
    """One bit a row: none, all, a bitmap or runs."""

    def __init__(self, cursor, rows):
        self.form = cursor.u8()
        self.rows = rows
        self.set = {0: 0, 1: rows}.get(self.form)
        if self.form > 3:
            raise FormatError(f"bits of form {self.form}")
        if self.form >= 2:
            self.set = cursor.varint()
        self.runs = cursor.varint() if self.form == 3 else 0

    def read(self, payload):
        if self.form < 2:
            return [self.form == 1] * self.rows
        if self.form == 2:
            whole = int.from_bytes(payload.take((self.rows + 7) // 8), "little")
            if whole >> self.rows:
                raise FormatError("bits beyond the rows")
            bits = [bool(whole >> row & 1) for row in range(self.rows)]
        else:
            bits = []
            for run in range(self.runs):
                bits.extend([run % 2 == 1] * payload.u16())
            if len(bits) != self.rows:
                raise FormatError("runs of bits that do not add up to the rows")
        if sum(bits) != self.set:
            raise FormatError("set bits that are not as many as announced")
        return bits


class StoredBytes:
    """Bytes as they are, or one zstd frame."""

    def __init__(self, cursor):
        self.count = cursor.varint()
        self.stored = cursor.varint()
        if self.stored > self.count or self.count > TEXT_LIMIT + (256 << 10):
            raise FormatError("stored bytes that are more than they stand for")

    def read(self, payload):
        data = payload.take(self.stored)
        return bytes(data) if self.stored == self.count else decompress(data, self.count)

    def form(self, what):
        if not self.count:
            return f"{what} empty"
        return f"{what} {'as they are' if self.stored == self.count else 'zstd'}"


class Entry:
    """What the directory says of one vector, and of those behind it that repeat it."""

    def __init__(self, cursor, strip, base_before, value_count, vectors_after):
        self.tag = cursor.u8()
        self.stage = strip.stage
        self.kind = strip.kind
        self.value_count = value_count
        decimal_stage = self.kind == DOUBLES and self.stage <= 18
        is_cut = self.kind == DOUBLES and doubles.is_cut(self.stage)
        may_except = decimal_stage or (
            self.kind == DOUBLES and doubles.SINGLES <= self.stage < doubles.CUT)
        self.check_flags(may_except)
        self.shape = Shape(cursor, self.tag, base_before)
        self.repetitions = 0
        if self.shape.shape in (CONSTANT, RAMP) and self.tag & PATCHED:
            self.repetitions = cursor.varint()
            if self.repetitions > vectors_after:
                raise FormatError("repetitions past the strip")
        self.corrections = None
        if self.kind == DOUBLES and doubles.CORRECTED <= self.stage < doubles.DICTIONARY or is_cut:
            if not self.tag & doubles.ORDERED:
                self.corrections = Shape(cursor, cursor.u8(), 0)
        self.exceptions = 0
        if self.tag & doubles.EXCEPTIONS:
            self.exceptions = cursor.varint()
        self.texts = StoredBytes(cursor) if self.kind == TEXTS and self.stage == 0 else None
        self.statistics = statistics_of.read(cursor, self, strip)

    def check_flags(self, may_except):
        tag, kind = self.tag, self.kind
        if tag & doubles.EXCEPTIONS and not may_except:
            raise FormatError(f"tag {tag:#x} of a strip without exceptions")
        if kind != DOUBLES and (tag & 0xE0 or tag & 7 == XOR):
            raise FormatError(f"tag {tag:#x} of a strip without doubles")
        if kind == DOUBLES:
            if self.stage == doubles.PATTERNS and not tag & doubles.ORDERED:
                raise FormatError("decimals in a strip of patterns")
            if self.stage == doubles.DICTIONARY and tag & 0x60:
                raise FormatError("a code that is a decimal or ordered bits")
            if tag & 7 == XOR and not tag & doubles.ORDERED:
                raise FormatError("XOR of decimals")

    def forms(self, what):
        """The forms of the entry: its shape with each of its flags, and what else it has."""
        shape = self.shape
        yield f"{what} tag {self.tag:#04x}"
        yield f"{what} {shape.form()}"
        if self.corrections:
            yield f"corrections {self.corrections.form()}"
        if self.exceptions:
            yield f"{what} exceptions"
        if self.texts:
            yield self.texts.form("plain texts")
        if self.statistics:
            yield f"{what} statistics {self.statistics[0]}"

    def integers(self, payload, strip, count, rows_before):
        """What stage B gives for a vector of `count` values; XOR's patterns in ordered bits."""
        if self.shape.shape == XOR:
            patterns = doubles.read_xor(payload.take(self.shape.stream_bytes), count)
            return [doubles.ordered(pattern) for pattern in patterns]
        return self.shape.read(payload, count, strip.table, rows_before)

    def values(self, integers, payload, strip):
        """What the integers stand for: themselves, codes and lengths too; patterns of doubles."""
        tag = self.tag
        if self.kind != DOUBLES or self.stage == doubles.DICTIONARY:
            return integers
        if tag & doubles.ORDERED:
            return [doubles.unordered(integer) for integer in integers]
        if self.stage <= 18:
            values = doubles.decimals(integers, self.stage, tag & doubles.BY_DIVISION)
        elif doubles.is_cut(self.stage):
            rights = self.corrections.read(payload, len(integers), None)
            width = 48 + self.stage - doubles.CUT
            values = doubles.joined(integers, rights, strip.left_parts, width)
        elif self.stage >= doubles.SINGLES:
            values = doubles.singles(integers, self.stage - doubles.SINGLES)
        else:
            corrections = self.corrections.read(payload, len(integers), None)
            values = doubles.corrected(
                integers, corrections, self.stage - doubles.CORRECTED, tag & doubles.BY_DIVISION)
        if self.exceptions:
            doubles.read_exceptions(payload, values, self.exceptions)
        return values


def list_entries(cursor, strip, slot_counts, value_counts):
    """For each vector its entry, and how many rows of the entry are before the vector."""
    entries = []
    base = 0
    while len(entries) < len(slot_counts):
        vector = len(entries)
        after = len(slot_counts) - vector - 1
        entry = Entry(cursor, strip, base, value_counts[vector], after)
        base = entry.shape.base
        for repetition in range(entry.repetitions + 1):
            entries.append((entry, repetition * VECTOR))
    return entries
