"""Coded residuals of the COLD tier: tokens by tANS, low bits raw (formats/codecs.md, "Coded
residuals")."""

from cursor import Bits, FormatError, unzigzag

STATES = 2048
STRIDE = 1283


class TokenTable:
    """The table of a strip: for each state its token, how many bits follow, and where they count
    from."""

    def __init__(self, cursor):
        form = cursor.u8()
        if form > 2:
            raise FormatError("a token table that is neither signed nor not")
        self.signed = form == 2
        self.zigzag = form == 1
        counts = self._read_counts(cursor)
        if sum(counts) != STATES:
            raise FormatError("states of tokens that do not add up")
        self.tokens = [0] * STATES
        place = 0
        for token, count in enumerate(counts):
            for _ in range(count):
                self.tokens[place] = token
                place = (place + STRIDE) % STATES
        seen = [0] * len(counts)
        self.bits = []
        self.froms = []
        for token in self.tokens:
            p = counts[token] + seen[token]
            seen[token] += 1
            bits = 11 - (p.bit_length() - 1)
            self.bits.append(bits)
            self.froms.append((p << bits) - STATES)

    @staticmethod
    def _read_counts(cursor):
        token_count = cursor.varint()
        if token_count > 256:
            raise FormatError("more than 256 tokens")
        counts = []
        while len(counts) < token_count:
            count = cursor.varint()
            counts.append(count)
            if count == 0:
                more = cursor.varint()
                if more > token_count - len(counts):
                    raise FormatError("tokens past their number")
                counts.extend([0] * more)
        return counts


def low_width(token):
    return 0 if token < 16 else (token - 16) // 4 + 2


def base_of(token, signed):
    """The least residual that a token stands for."""
    if token < 16:
        return unzigzag(token) if signed else token
    width = low_width(token)
    if not signed:
        return (4 | token & 3) << width
    top = 2 | token >> 1 & 1
    return -((top + 1) << width) if token & 1 else top << width


def decode_codes(table, token_bytes, low_bytes, count):
    """The residuals of `count` rows."""
    stream = Bits(token_bytes)
    low = Bits(low_bytes)
    states = [stream.take(11) for _ in range(4)]
    residuals = []
    for row in range(count):
        state = states[row % 4]
        residual = base_of(table.tokens[state], table.signed) + low.take(
            low_width(table.tokens[state]))
        states[row % 4] = table.froms[state] + stream.take(table.bits[state])
        residuals.append(unzigzag(residual) if table.zigzag else residual)
    if any(states):
        raise FormatError("states that do not end as 0")
    stream.must_end()
    low.must_end()
    return residuals
