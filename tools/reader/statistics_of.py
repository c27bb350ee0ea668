"""Statistics of vectors: read, and compared with the values (formats/codecs.md, "Statistics")."""

import math

import doubles
from cursor import FormatError, signed
from integers import CONSTANT, RAMP, RAW

INTEGERS, DOUBLES = 0, 1


def form_of(entry, strip):
    """Which form an entry's statistics have: None; "based" on the
    parameters of its integers, or "plain" integers; "doubles"; or the "value" of a code."""
    if entry.kind not in (INTEGERS, DOUBLES) or entry.value_count == 0:
        return None
    if entry.kind == DOUBLES and entry.shape.shape == CONSTANT:
        if entry.tag & doubles.ORDERED:
            return None
        if entry.stage == doubles.DICTIONARY and not strip.is_mapped:
            return "value"
    if entry.kind == INTEGERS or (entry.stage <= 18 and not entry.tag & 0xC0):
        if strip.is_mapped:
            return "plain"
        return None if entry.shape.shape in (CONSTANT, RAMP) else "based"
    if entry.stage == doubles.DICTIONARY and strip.plain_dictionary:
        return "plain"
    return "doubles"


def read(cursor, entry, strip):
    form = form_of(entry, strip)
    if form is None:
        return None
    if form == "doubles":
        patterns = [cursor.u64() for _ in range(4)]
        return form, patterns, [cursor.varint() for _ in range(3)]
    if form == "value":
        return form, cursor.zigzag() if strip.plain_dictionary else cursor.u64()
    unit = entry.shape.unit() if form == "based" else 1
    base = entry.shape.base if form == "based" and entry.shape.shape != RAW else 0
    least = signed(base + cursor.zigzag() * unit)
    greatest = signed(least + cursor.varint() * unit)
    total = entry.value_count * least + cursor.wide_varint() * unit
    return form, least, greatest, total


def check(entry, strip, values, integers, there):
    """The statistics of an entry's first vector, of the slots that hold a value."""
    if entry.statistics is None:
        return
    form = entry.statistics[0]
    if form == "doubles":
        patterns = [value for value, is_value in zip(values, there) if is_value]
        if entry.statistics[1:] != of_doubles(patterns):
            raise FormatError(f"statistics {entry.statistics} are not {of_doubles(patterns)}")
        return
    if form == "value":
        code = integers[0]
        value = strip.inner.integers[code] if strip.plain_dictionary else strip.dictionary[code]
        found = entry.statistics[1]
        are_nan = not strip.plain_dictionary and all(
            math.isnan(doubles.double_of(pattern)) for pattern in (value, found))
        if value != found and not are_nan:
            raise FormatError(f"the value {found} of a code that stands for {value}")
        return
    if strip.kind == DOUBLES and entry.stage == doubles.DICTIONARY:
        integers = [strip.inner.integers[code] for code in integers]
    integers = [value for value, is_value in zip(integers, there) if is_value]
    found = form, min(integers), max(integers), sum(integers)
    if entry.statistics != found:
        raise FormatError(f"statistics {entry.statistics} are not {found}")


def of_doubles(patterns):
    least = greatest = None
    total = rest = 0.0
    counts = [0, 0, 0]
    for pattern in patterns:
        value = doubles.double_of(pattern)
        if math.isnan(value):
            counts[0] += 1
            continue
        if math.isinf(value):
            counts[1 if value > 0 else 2] += 1
        else:
            total, error = two_sum(total, value)
            rest += error
        place = doubles.ordered(pattern)
        least = place if least is None else min(least, place)
        greatest = place if greatest is None else max(greatest, place)
    if not (math.isfinite(total) and math.isfinite(rest)):
        rest = 0.0
    if least is None:
        extremes = [0x7FF8000000000000] * 2
    else:
        extremes = [doubles.unordered(least), doubles.unordered(greatest)]
    return extremes + [doubles.pattern_of(total), doubles.pattern_of(rest)], counts


def two_sum(a, b):
    """The sum as rounded, and what the rounding took."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)
