"""What a file becomes once it is taken in: a row about bytes that are on the disk."""

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image

from bot.files.intake import LARGEST_THUMBNAIL, THUMBNAIL_SIDE, Found, Intake, take_in
from bot.files.types import UNKNOWN, Family, family, sniff
from storage.blobs import Blobs
from tests.files import hostile

OFFICE = "application/vnd.openxmlformats-officedocument."


@pytest.mark.parametrize(
    ("content", "name", "content_type"),
    [
        (hostile.picture("PNG"), "x.exe", "image/png"),
        (hostile.picture("JPEG"), "x", "image/jpeg"),
        (hostile.picture("WEBP"), "x", "image/webp"),
        (hostile.picture("GIF"), "x", "image/gif"),
        (b"%PDF-1.7\n" + bytes(9), "x.html", "application/pdf"),
        (hostile.zip_of({"a": b"b"}), "x.docx", "application/zip"),
        (
            hostile.zip_of({"[Content_Types].xml": b"", "word/document.xml": b""}),
            "x",
            OFFICE + "wordprocessingml.document",
        ),
        (
            hostile.zip_of({"[Content_Types].xml": b"", "xl/workbook.xml": b""}),
            "x.docx",
            OFFICE + "spreadsheetml.sheet",
        ),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "表.xls", "application/vnd.ms-excel"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "x", "application/msword"),
        (b"\0\0\0\x18ftypmp42" + bytes(20), "x.mp4", "video/mp4"),
        (b"#!AMR\n" + bytes(20), "x.amr", "audio/amr"),
        ("轮胎磨损".encode(), "x.txt", "text/plain"),
        ("轮胎磨损".encode("gb18030"), "x.png", "text/plain"),
        ("a,b\n1,2\n".encode("utf-16"), "x.csv", "text/csv"),
        (b"a,b\n1,2\n", "x.csv", "text/csv"),
        (("长" * 50_000).encode(), "x", "text/plain"),
        (hostile.SVG, "photo.png", "image/svg+xml"),
        (b"\xef\xbb\xbf  " + hostile.HTML, "photo.png", "text/html"),
        (b"<!-- x --><script>alert(1)</script>", "notes.txt", "text/html"),
        (hostile.XML, "x.txt", "application/xml"),
        (hostile.PROGRAM, "photo.png", UNKNOWN),
        (bytes(50), "x.txt", UNKNOWN),
        (b"", "x.png", UNKNOWN),
    ],
)
def test_what_a_file_is_its_bytes_say(content: bytes, name: str, content_type: str) -> None:
    assert sniff(content, name) == content_type


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/png", Family.PICTURE),
        ("image/svg+xml", Family.OTHER),
        ("text/html", Family.OTHER),
        ("text/csv", Family.TEXT),
        ("application/pdf", Family.DOCUMENT),
        ("audio/amr", Family.SOUND),
        ("video/mp4", Family.VIDEO),
        ("application/zip", Family.ARCHIVE),
        (UNKNOWN, Family.OTHER),
    ],
)
def test_every_type_is_of_one_family(content_type: str, kind: Family) -> None:
    assert family(content_type) is kind


def test_a_picture_is_kept_with_a_small_one_and_its_size(tmp_path: Path) -> None:
    blobs, content = Blobs(tmp_path), hostile.picture("JPEG", (1_200, 900))
    kept = take_in(blobs, Found("C:\\照片.jpg", content), "contact:1", 5, 2)
    assert (kept.name, kept.content_type, kept.size) == ("照片.jpg", "image/jpeg", len(content))
    assert (kept.width, kept.height, kept.position, kept.created_at) == (1_200, 900, 2, 5)
    assert blobs.read(kept.hash) == content
    assert kept.thumbnail_hash is not None
    small = blobs.read(kept.thumbnail_hash)
    assert len(small) <= LARGEST_THUMBNAIL
    assert max(Image.open(io.BytesIO(small)).size) == THUMBNAIL_SIDE


def test_a_picture_that_was_taken_on_its_side_is_as_wide_as_it_is_looked_at(tmp_path: Path) -> None:
    target, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (900, 300)).save(target, "JPEG", exif=exif)
    kept = take_in(Blobs(tmp_path), Found("x.jpg", target.getvalue()), "contact:1", 0)
    assert (kept.width, kept.height) == (300, 900)


@pytest.mark.parametrize(
    "content",
    [
        hostile.pixel_bomb(),
        hostile.zip_bomb(),
        hostile.zip_slip(),
        hostile.POLYGLOT,
        hostile.SVG,
        hostile.HTML,
        hostile.picture("PNG", (500, 500))[:60],
        hostile.picture("WEBP", (4_000, 4_000)),
        hostile.picture("PNG", (4_000, 4_000)),
        hostile.picture_with_broken_exif(0x0100),
        hostile.picture_with_broken_exif(0x011A),
        b"",
    ],
)
def test_a_hostile_file_is_kept_as_it_is_and_never_drawn(tmp_path: Path, content: bytes) -> None:
    blobs = Blobs(tmp_path)
    kept = take_in(blobs, Found("x.png", content), "mail:1", 0)
    assert (kept.thumbnail_hash, kept.width, kept.height) == (None, None, None)
    assert blobs.read(kept.hash) == content
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [kept.hash]


def test_a_large_photo_is_drawn_all_the_same_and_nothing_where_no_time_is_left(tmp_path: Path) -> None:
    photo = Found("x.jpg", hostile.picture("JPEG", (6_000, 6_000)))
    assert take_in(Blobs(tmp_path), photo, "mail:1", 0).thumbnail_hash is not None
    assert take_in(Blobs(tmp_path), photo, "mail:1", 0, drawing=False).thumbnail_hash is None


async def test_many_files_at_once_are_taken_in_a_few_at_a_time(tmp_path: Path) -> None:
    intake = Intake(Blobs(tmp_path))
    found = [Found(f"{number}.png", hostile.picture(size=(number + 1, 9))) for number in range(8)]
    kept = await asyncio.gather(*(intake.take_in(one, "agent:1", 0) for one in found))
    assert [one.width for one in kept] == list(range(1, 9))
    assert len({one.id for one in kept}) == 8
