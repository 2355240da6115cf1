"""What an uploaded file becomes: a bounded picture written anew, or a refusal with its reason."""

import io
import struct
import zlib

import pytest
from PIL import Image

from bot.pictures import LARGEST_PICTURE, LARGEST_UPLOAD, LONGEST_SIDE, PictureRefused, develop
from knowledgebase.authoring.inlines import PICTURES, picture_size
from knowledgebase.authoring.pictures import Picture


def file_of(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def drawing(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), (200, 30, 30, 128)[: len(mode)])


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 100).convert("RGB")


def shown(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.body))


def png_of_size(width: int, height: int) -> bytes:
    """A file of a few bytes that says it has this many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "becomes"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/png"), ("GIF", "image/png")]
)
def test_each_kind_becomes_a_picture_whose_address_tells_its_size(kind: str, becomes: str) -> None:
    picture = develop(file_of(drawing(), kind))
    assert (picture.content_type, picture.width, picture.height) == (becomes, 60, 40)
    assert picture_size(PICTURES + picture.name) == (60, 40)
    assert shown(picture).size == (60, 40)


def test_the_same_file_has_the_same_address() -> None:
    body = file_of(drawing(), "PNG")
    assert develop(body).name == develop(body).name


def test_a_large_photo_is_made_smaller_and_stays_below_the_limit() -> None:
    picture = develop(file_of(noise(3_000, 2_000), "JPEG", quality=95))
    assert picture.content_type == "image/jpeg"
    assert max(picture.width, picture.height) == LONGEST_SIDE
    assert len(picture.body) <= LARGEST_PICTURE


def test_a_drawing_that_is_large_without_loss_is_written_with_some() -> None:
    picture = develop(file_of(noise(1_200, 900), "PNG"))
    assert picture.content_type == "image/webp"
    assert len(picture.body) <= LARGEST_PICTURE


def test_what_can_be_seen_through_stays_so() -> None:
    assert shown(develop(file_of(drawing(mode="RGBA"), "PNG"))).mode == "RGBA"


def test_nothing_that_a_camera_or_a_stranger_wrote_into_the_file_is_kept() -> None:
    details = Image.Exif()
    details[0x010E] = "secret place"
    details[0x0112] = 6
    picture = develop(file_of(drawing(), "JPEG", exif=details, comment=b"<script>alert(1)</script>"))
    assert b"secret" not in picture.body
    assert b"script" not in picture.body
    assert (picture.width, picture.height) == (40, 60), "turned as the camera was held"


def test_of_an_animation_the_first_picture_is_kept() -> None:
    frames = [drawing(), Image.new("RGB", (60, 40), (0, 0, 255))]
    picture = develop(file_of(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert getattr(shown(picture), "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (b"", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not_a_picture"),
        (b"<html><script>alert(1)</script>", "not_a_picture"),
        (b"GIF89a", "not_a_picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "not_a_picture"),
        (file_of(drawing(), "PNG")[:60], "not_a_picture"),
        (file_of(drawing(), "BMP"), "not_a_picture"),
        (file_of(drawing(), "TIFF"), "not_a_picture"),
        (png_of_size(60_000, 60_000), "too_many_pixels"),
        (png_of_size(10_000, 4_001), "too_many_pixels"),
        (b"\x00" * (LARGEST_UPLOAD + 1), "too_large"),
    ],
)
def test_whatever_is_no_picture_or_too_much_of_one_is_refused(upload: bytes, reason: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        develop(upload)
    assert refused.value.reason == reason
