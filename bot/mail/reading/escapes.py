"""Chinese in seven bits: HZ (RFC 1843) and ISO-2022-CN (RFC 1922). Pure.

Both hold GB 2312 with the high bit off; with the bit set again it is GB 18030, which also knows what programs write
there beyond the standard.
"""

import re

_HZ = re.compile(rb"~(?:\{((?:[^~\n]|~(?!\}))*+)(?:~\}|(?=\n)|\Z)|([~\n]))")
_SHIFT = re.compile(rb"\x1b\$[)*+]([A-Z])|\x1b[NO]|[\x0e\x0f\n]")
_HIGH = bytes(byte | 0x80 if 0x21 <= byte <= 0x7E else byte for byte in range(256))
_SO, _SI, _LINE_END = b"\x0e", b"\x0f", b"\n"


def decode_hz(data: bytes) -> str:
    """The text of HZ; a shifted run that is not closed ends with its line."""
    return _HZ.sub(_unshifted, data).decode("gb18030", "replace")


def _unshifted(match: re.Match[bytes]) -> bytes:
    if match[1] is not None:
        return match[1].translate(_HIGH)
    return b"~" if match[2] == b"~" else b""


def decode_iso_2022_cn(data: bytes) -> str:
    """The text of ISO-2022-CN as far as it is in GB 2312; what is in another set of characters stays marks."""
    pieces: list[str] = []
    shifted, known, at = False, True, 0
    for match in _SHIFT.finditer(data):
        pieces.append(_piece(data[at : match.start()], shifted, known))
        at = match.end()
        if match[1]:
            known = match[1] in b"AE"
        elif match[0] in (_SO, _SI):
            shifted = match[0] == _SO
        elif match[0] == _LINE_END:
            shifted = False
            pieces.append("\n")
    pieces.append(_piece(data[at:], shifted, known))
    return "".join(pieces)


def _piece(run: bytes, shifted: bool, known: bool) -> str:
    if not shifted:
        return run.decode("ascii", "replace")
    return run.translate(_HIGH).decode("gb18030", "replace") if known else "�" * (len(run) // 2)
