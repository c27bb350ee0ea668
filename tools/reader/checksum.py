"""XXH64, and the one rule for checksums: seeded with the salt plus the bytes' offset
(formats/README.md, "Checksums")."""

import struct

from cursor import MASK, FormatError

P1 = 0x9E3779B185EBCA87
P2 = 0xC2B2AE3D27D4EB4F
P3 = 0x165667B19E3779F9
P4 = 0x85EBCA77C2B2AE63
P5 = 0x27D4EB2F165667C5


def rotate(word, by):
    return ((word << by) | (word >> (64 - by))) & MASK


def round_of(lane, word):
    return rotate((lane + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data, seed=0):
    seed &= MASK
    count = len(data)
    at = 0
    if count >= 32:
        a, b, c, d = (seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK
        at = count & ~31
        for w, x, y, z in struct.iter_unpack("<4Q", memoryview(data)[:at]):
            w, x = (a + w * P2) & MASK, (b + x * P2) & MASK
            y, z = (c + y * P2) & MASK, (d + z * P2) & MASK
            a = ((w << 31) | (w >> 33)) * P1 & MASK
            b = ((x << 31) | (x >> 33)) * P1 & MASK
            c = ((y << 31) | (y >> 33)) * P1 & MASK
            d = ((z << 31) | (z >> 33)) * P1 & MASK
        hashed = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) & MASK
        for lane in (a, b, c, d):
            hashed = ((hashed ^ round_of(0, lane)) * P1 + P4) & MASK
    else:
        hashed = (seed + P5) & MASK
    hashed = (hashed + count) & MASK
    while at + 8 <= count:
        word = int.from_bytes(data[at:at + 8], "little")
        hashed = (rotate(hashed ^ round_of(0, word), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= count:
        word = int.from_bytes(data[at:at + 4], "little")
        hashed = (rotate(hashed ^ (word * P1 & MASK), 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        hashed = rotate(hashed ^ (byte * P5 & MASK), 11) * P1 & MASK
    hashed = (hashed ^ (hashed >> 33)) * P2 & MASK
    hashed = (hashed ^ (hashed >> 29)) * P3 & MASK
    return hashed ^ (hashed >> 32)


def verify(data, written, salt, offset, what):
    """`data` stands at `offset` of a file with `salt`; `written` is the checksum behind it."""
    if isinstance(written, (bytes, memoryview)):
        written = int.from_bytes(written, "little")
    if xxh64(data, salt + offset) != written:
        raise FormatError(f"the checksum of {what} at {offset} differs")


def part(data, offset, count, salt, what):
    """The bytes of a part that ends in its checksum, without it."""
    whole = data[offset:offset + count]
    if len(whole) != count or count < 8:
        raise FormatError(f"{what} at {offset} is cut off")
    verify(whole[:-8], whole[-8:], salt, offset, what)
    return whole[:-8]
