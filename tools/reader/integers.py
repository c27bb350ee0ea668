"""Stage B: the integers of one vector (formats/codecs.md, "Tags" to "Runs")."""

import math

from cursor import Bits, FormatError, signed, unzigzag
from tokens import decode_codes

CONSTANT, RAMP, FRAME, DELTA, SECOND_DELTA, RUNS, RAW, XOR = range(8)

DIVIDED = 0x08
PATCHED = 0x10  # constant, ramp: repeated

CODED_WIDTH = 65


class Shape:
    """The parameters of a vector's integers, as an entry holds them: the same for the integers of a
    strip, their corrections, and the codes and entries of a dictionary."""

    def __init__(self, cursor, tag, base_before):
        self.shape = tag & 7
        self.base = base_before
        self.step = self.first = 0
        self.divisor = 1
        self.width = 0
        self.token_bytes = self.low_bytes = 0
        self.patches = self.gap_width = self.high_width = 0
        self.length_width = self.runs = 0
        self.stream_bytes = 0
        if self.shape not in (RAW, XOR):
            self.base = signed(base_before + cursor.zigzag())
        if self.shape in (RAMP, DELTA, SECOND_DELTA):
            self.step = cursor.zigzag()
        if self.shape == SECOND_DELTA:
            self.first = cursor.zigzag()
        if self.shape in (FRAME, DELTA, SECOND_DELTA):
            self._read_residuals(cursor, tag)
        elif tag & DIVIDED or (tag & PATCHED and self.shape not in (CONSTANT, RAMP)):
            raise FormatError(f"tag {tag:#x} has flags that its shape does not have")
        if self.shape == RUNS:
            self.width = cursor.u8()
            self.length_width = cursor.u8()
            self.runs = cursor.varint()
            if self.width > 64 or self.length_width > 10:
                raise FormatError("runs that are too wide")
        if self.shape == XOR:
            self.stream_bytes = cursor.varint()

    def _read_residuals(self, cursor, tag):
        if tag & DIVIDED:
            self.divisor = cursor.varint()
            if self.divisor < 2:
                raise FormatError("a divisor below 2")
        self.width = cursor.u8()
        if self.width == CODED_WIDTH:
            self.token_bytes = cursor.varint()
            self.low_bytes = cursor.varint()
        elif self.width > CODED_WIDTH:
            raise FormatError(f"lanes of {self.width} bits")
        if tag & PATCHED:
            if self.width == CODED_WIDTH:
                raise FormatError("patches of coded residuals")
            self.patches = cursor.varint()
            self.gap_width = cursor.u8()
            self.high_width = cursor.u8()
            if self.gap_width > 10 or self.high_width > 64:
                raise FormatError("patches that are too wide")

    def form(self):
        """In words: the shape, and how its residuals stand."""
        names = ["constant", "ramp", "frame", "delta", "second delta", "runs", "raw", "XOR"]
        if self.shape not in (FRAME, DELTA, SECOND_DELTA):
            return names[self.shape]
        widths = {0: "no lanes", CODED_WIDTH: "coded residuals"}
        width = widths.get(self.width, "lanes of 32" if self.width <= 32 else "lanes of 64")
        return f"{names[self.shape]} {width}"

    def unit(self):
        """What statistics are divided by."""
        if self.shape == FRAME:
            return self.divisor
        if self.shape == DELTA:
            return math.gcd(self.divisor, abs(self.step))
        if self.shape == SECOND_DELTA:
            return math.gcd(self.divisor, abs(self.step), abs(self.first))
        return 1

    def read(self, payload, count, table, rows_before=0):
        """The `count` integers whose bytes come next in `payload`."""
        if self.shape == CONSTANT:
            return [self.base] * count
        if self.shape == RAMP:
            return [signed(self.base + (rows_before + i) * self.step) for i in range(count)]
        if self.shape == RUNS:
            return self._read_runs(payload, count)
        if self.shape == RAW:
            return [payload.i64() for _ in range(count)]
        if self.shape == XOR:
            raise FormatError("XOR of integers")
        residuals = self._residuals(payload, count, table)
        return self._sums(residuals, count)

    def _residuals(self, payload, count, table):
        if self.width == CODED_WIDTH:
            if table is None:
                raise FormatError("coded residuals without a table")
            return decode_codes(
                table, payload.take(self.token_bytes), payload.take(self.low_bytes), count)
        residuals = read_lanes(payload, self.width, count)
        if self.patches:
            self._patch(residuals, payload)
        return residuals

    def _patch(self, residuals, payload):
        bit_count = self.patches * (self.gap_width + self.high_width)
        stream = Bits(payload.take((bit_count + 7) // 8))
        gaps = [stream.take(self.gap_width) for _ in range(self.patches)]
        row = -1
        for gap in gaps:
            row += 1 + gap
            if row >= len(residuals):
                raise FormatError("a patch of a row that is not there")
            high = unzigzag(stream.take(self.high_width))
            if self.width < 64:
                residuals[row] += high << self.width

    def _sums(self, residuals, count):
        if self.shape == FRAME:
            return [signed(self.base + r * self.divisor) for r in residuals]
        values = []
        value, difference = self.base, self.first
        for i, residual in enumerate(residuals):
            if self.shape == DELTA and i > 0:
                value = signed(value + self.step + residual * self.divisor)
            if self.shape == SECOND_DELTA and i > 0:
                if i > 1:
                    difference = signed(difference + self.step + residual * self.divisor)
                value = signed(value + difference)
            values.append(value)
        return values

    def _read_runs(self, payload, count):
        bit_count = self.runs * (self.width + self.length_width)
        stream = Bits(payload.take((bit_count + 7) // 8))
        run_values = [signed(self.base + stream.take(self.width)) for _ in range(self.runs)]
        values = []
        for value in run_values:
            values.extend([value] * (stream.take(self.length_width) + 1))
        if len(values) != count:
            raise FormatError("runs that do not add up to the rows")
        return values


def read_lanes(payload, width, count):
    """`count` unsigned integers of `width` bits in 32 lanes of 32-bit words, or 16 of 64-bit ones.
    """
    if width == 0 or count == 0:
        return [0] * count
    word_bits, most_lanes = (32, 32) if width <= 32 else (64, 16)
    lanes = min(most_lanes, count)
    rows = -(-count // most_lanes)
    words = -(-rows * width // word_bits)
    data = memoryview(bytes(payload.take(word_bits // 8 * words * lanes)))
    data = data.cast("I" if word_bits == 32 else "Q")
    values = [0] * (rows * most_lanes)
    mask = (1 << width) - 1
    for lane in range(lanes):
        bits = 0
        for word in reversed(data[lane::lanes].tolist()):
            bits = bits << word_bits | word
        for row in range(rows):
            values[row * most_lanes + lane] = (bits >> (row * width)) & mask
    return values[:count]
