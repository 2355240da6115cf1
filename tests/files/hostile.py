"""Files that somebody made to hurt: each a few bytes that say they are something else, or a great deal."""

import io
import struct
import zipfile
import zlib

from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>x</title><script>alert(1)</script>"
XML = b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"
PROGRAM = b"MZ" + bytes(200)
POLYGLOT = b"GIF89a/*" + bytes(8) + b"*/=1;alert(1)//<script>alert(1)</script>"


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: tuple[int, ...] = (200, 30, 30)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def pixel_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few hundred bytes that says it has this many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def zip_bomb() -> bytes:
    """A small archive of an archive of ten megabytes of nothing."""
    return zip_of({"b.zip": zip_of({"zeros": bytes(10_000_000)})})


def zip_slip() -> bytes:
    """An archive whose members want to be somewhere else, one of them a link."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../../../../etc/cron.d/x", "boo")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return target.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return target.getvalue()


def picture_with_broken_exif(tag: int) -> bytes:
    """A photo on its side, of whose Exif tags one that has to be a number is a text."""
    orientation = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    text = struct.pack(">HHI4s", tag, 2, 3, b"ab")
    tags = b"".join(sorted((orientation, text)))
    target = io.BytesIO()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02" + tags + bytes(4)
    Image.new("RGB", (8, 8)).save(target, "JPEG", exif=exif)
    return target.getvalue()
