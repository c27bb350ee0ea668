"""Frames of zstd, by the system's library."""

import ctypes
import ctypes.util
import functools

from cursor import FormatError

UNKNOWN = 2**64 - 1
BROKEN = 2**64 - 2


@functools.cache
def library():
    try:
        zstd = ctypes.CDLL("libzstd.so.1")
    except OSError:
        # Slow: it asks other programs.
        zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so")
    zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    zstd.ZSTD_getFrameContentSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompress.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
    ]
    return zstd


def decompress(frame, count):
    """The content of one frame, which must announce `count` bytes."""
    frame = bytes(frame)
    announced = library().ZSTD_getFrameContentSize(frame, len(frame))
    if announced in (UNKNOWN, BROKEN) or announced != count:
        raise FormatError("a zstd frame that announces another size or none")
    content = ctypes.create_string_buffer(max(count, 1))
    if library().ZSTD_decompress(content, count, frame, len(frame)) != count:
        raise FormatError("a zstd frame that is damaged")
    return content.raw[:count]
