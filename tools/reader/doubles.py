"""Doubles out of integers, as bit patterns (formats/codecs.md, "Doubles").

Python's floats are binary64 and each operation rounds by itself, as the text demands."""

import struct

from cursor import MASK, Bits, FormatError, signed

PATTERNS = 0xFF
DICTIONARY = 0x40
CORRECTED = 0x20
SINGLES = 0x60
CUT = 0x80

BY_DIVISION = 0x20
ORDERED = 0x40
EXCEPTIONS = 0x80

# The table of the text: 10^-k cut to 21 significant bits, and the rest.
SPLIT = [
    (0x3FF0000000000000, 0x0000000000000000), (0x3FB9999900000000, 0x3E63333333333333),
    (0x3F847AE100000000, 0x3E21EB851EB851EC), (0x3F50624D00000000, 0x3E0A5E353F7CED91),
    (0x3F1A36E200000000, 0x3DCD63886594AF4F), (0x3EE4F8B500000000, 0x3D911C6D1E108C3F),
    (0x3EB0C6F700000000, 0x3D6416BDB1A6D699), (0x3E7AD7F200000000, 0x3D235795E90AF0F5),
    (0x3E45798E00000000, 0x3CFC4611873BF3F7), (0x3E112E0B00000000, 0x3CCD04DAD2965CC6),
    (0x3DDB7CDF00000000, 0x3C8B3AF7B756FAD6), (0x3DA5FD7F00000000, 0x3C5C2F2C92ABFBDE),
    (0x3D71979900000000, 0x3C2025BD42232FE5), (0x3D3C25C200000000, 0x3BDA125DA0709943),
    (0x3D06849B00000000, 0x3BB0D42573603D4E), (0x3CD203AF00000000, 0x3B83DCEAC2B3643E),
    (0x3C9CD2B200000000, 0x3B42FB1137856D31), (0x3C670EF500000000, 0x3B0191B525A2484E),
    (0x3C32725D00000000, 0x3AEA3A4875741CEC),
]


def double_of(pattern):
    return struct.unpack("<d", struct.pack("<Q", pattern))[0]


def pattern_of(double):
    return struct.unpack("<Q", struct.pack("<d", double))[0]


HIGH = [double_of(high) for high, _ in SPLIT]
LOW = [double_of(low) for _, low in SPLIT]
POWER = [float(10**k) for k in range(19)]


def decimal(integer, k, divided):
    """The double that an integer stands for: three roundings, or one by division."""
    if divided:
        return float(integer) / POWER[k]
    i = float(integer)
    return i * HIGH[k] + i * LOW[k]


def ordered(pattern):
    """Patterns as signed integers in the order of the doubles; its own inverse, sign aside."""
    p = signed(pattern)
    return p ^ ((p >> 63) & 0x7FFF_FFFF_FFFF_FFFF)


def unordered(integer):
    return ordered(integer) & MASK


def decimals(integers, k, divided):
    return [pattern_of(decimal(i, k, divided)) for i in integers]


def corrected(integers, corrections, k, divided):
    return [
        unordered(signed(ordered(pattern_of(decimal(i, k, divided))) + correction))
        for i, correction in zip(integers, corrections)
    ]


def singles(integers, k):
    """Decimals that went through a float."""
    values = []
    for i in integers:
        try:
            single = struct.unpack("<f", struct.pack("<f", decimal(i, k, False)))[0]
        except OverflowError:
            single = float("inf") if i > 0 else float("-inf")
        values.append(pattern_of(single))
    return values


def is_cut(stage):
    return CUT <= stage < CUT + 16


def joined(codes, rights, lefts, width):
    """Patterns of left parts by code and right parts."""
    if any(not 0 <= code < len(lefts) for code in codes):
        raise FormatError("codes beyond the left parts")
    return [(lefts[code] << width) + right & MASK for code, right in zip(codes, rights)]


def read_exceptions(payload, patterns, count):
    rows = [payload.u16() for _ in range(count)]
    for row in rows:
        if row >= len(patterns):
            raise FormatError("an exception of a row that is not there")
        patterns[row] = payload.u64()


def read_xor(data, count):
    """Gorilla's bit stream of patterns."""
    stream = Bits(data)
    patterns = []
    leading = length = None
    for i in range(count):
        if i == 0:
            pattern = stream.take(64)
        elif stream.take(1):
            if stream.take(1):
                leading = stream.take(5)
                length = stream.take(6) + 1
                if leading + length > 64:
                    raise FormatError("a window of more than 64 bits")
            if length is None:
                raise FormatError("the first XOR that is not 0 brings no window")
            pattern ^= stream.take(length) << (64 - leading - length)
        patterns.append(pattern)
    stream.must_end()
    return patterns
