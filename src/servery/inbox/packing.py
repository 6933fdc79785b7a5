"""How the bodies of days that are over are kept: packed, for there are many and few are read again."""

import zlib

_LEVEL = 6


def packed(body: bytes) -> bytes:
    """A body as `inbox_event.body` holds it where `packed` is true."""
    return zlib.compress(body, _LEVEL)


def unpacked(body: bytes, is_packed: bool) -> bytes:
    """The body as it came, whether it was packed since or not."""
    return zlib.decompress(body) if is_packed else body
