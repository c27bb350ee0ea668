"""Numbers out of bytes: little-endian words, varints, bit streams (formats/codecs.md, head)."""

import struct


class FormatError(Exception):
    """Bytes that are not what the format text says."""


MASK = 2**64 - 1


def signed(number):
    """A number modulo 2^64, as a signed one."""
    return ((number + 2**63) & MASK) - 2**63


def unzigzag(number):
    return (number >> 1) ^ -(number & 1)


class Cursor:
    """Reads `data` from `at` up to `end`; what would go past it is an error."""

    def __init__(self, data, at=0, end=None):
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def take(self, count):
        if count > self.end - self.at:
            raise FormatError(f"{count} bytes wanted, {self.end - self.at} left")
        taken = self.data[self.at:self.at + count]
        self.at += count
        return taken

    def u8(self):
        return self.take(1)[0]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def u16(self):
        return self.number(2)

    def u32(self):
        return self.number(4)

    def u64(self):
        return self.number(8)

    def i64(self):
        return struct.unpack("<q", self.take(8))[0]

    def varint(self, bits=64):
        number = shift = 0
        while True:
            byte = self.u8()
            number |= (byte & 0x7F) << shift
            if number >> bits:
                raise FormatError(f"a varint of more than {bits} bits")
            if byte < 0x80:
                return number
            shift += 7

    def wide_varint(self):
        return self.varint(128)

    def zigzag(self):
        return unzigzag(self.varint())

    def counted(self):
        """Bytes with their count ahead as a varint."""
        return self.take(self.varint())

    def text(self):
        return self.counted().decode("utf-8")

    def optional(self, read):
        """A byte 0, or a byte 1 and the thing."""
        announced = self.u8()
        if announced > 1:
            raise FormatError("an optional thing that is neither there nor not")
        return read() if announced else None

    def times(self, read):
        """A count as a varint, then as many things."""
        return [read() for _ in range(self.varint())]

    def must_end(self, what):
        if self.at != self.end:
            raise FormatError(f"{self.end - self.at} bytes left behind {what}")


class Bits:
    """A bit stream: bits lowest first within bytes in ascending order."""

    def __init__(self, data):
        self.whole = int.from_bytes(data, "little")
        self.count = 8 * len(data)
        self.at = 0

    def take(self, width):
        if self.at + width > self.count:
            raise FormatError("a bit stream that ends early")
        number = (self.whole >> self.at) & ((1 << width) - 1)
        self.at += width
        return number

    def must_end(self):
        """Nothing but the rest of a byte may be left."""
        if self.count - self.at >= 8:
            raise FormatError("bytes left behind a bit stream")
