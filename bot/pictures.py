"""An uploaded file made into a picture that may be shown: looked at, bounded, and written anew. Pure."""

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from knowledgebase.authoring.pictures import Picture

LARGEST_UPLOAD = 10 * 1024 * 1024
LARGEST_PICTURE = 2 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1_600
QUALITIES = (88, 75, 60)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# Of the Exif tags: which way the camera was held (Exif 2.3, table 4), and the values that swap width and height.
_ORIENTATION = 0x0112
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
# What the library raises for files that somebody broke, or made so.
_BROKEN = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    LookupError,
    SyntaxError,
    EOFError,
    RuntimeError,
    MemoryError,
    Warning,
    struct.error,
)


class PictureRefused(Exception):
    """No picture comes of this file. reason: 'not_a_picture', 'too_many_pixels' or 'too_large'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture written anew. width and height are its own, seen_width and seen_height those of what it was made of."""

    content_type: str
    width: int
    height: int
    body: bytes
    seen_width: int
    seen_height: int


def develop(upload: bytes) -> Picture:
    """The picture in this file, at most LONGEST_SIDE on a side, without what a camera adds; of an animation the
    first picture. What the sender calls the file counts for nothing. Raises PictureRefused.
    """
    if len(upload) > LARGEST_UPLOAD:
        raise PictureRefused("too_large")
    drawn = draw(upload, LONGEST_SIDE, LARGEST_PICTURE)
    return Picture(drawn.content_type, drawn.width, drawn.height, drawn.body)


def draw(content: bytes, longest_side: int, largest: int, most_pixels: int = MOST_PIXELS) -> Drawing:
    """The same within other bounds: pixels on a side, and bytes. Raises PictureRefused.

    most_pixels holds for what is no JPEG: that alone can be read small, all others are read whole first.
    """
    try:
        return _written(*_upright(content, longest_side, most_pixels), largest)
    except PictureRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("too_many_pixels") from error
    except _BROKEN as error:
        raise PictureRefused("not_a_picture") from error


def _upright(upload: bytes, longest_side: int, most_pixels: int) -> tuple[Image.Image, tuple[int, int]]:
    """The pixels, the right way up, no larger than they may be, and the size that the whole has; the size is looked
    at before any pixel is read.
    """
    with Image.open(io.BytesIO(upload), formats=FORMATS) as opened:
        size = opened.size
        photo = opened.format == "JPEG"
        if size[0] * size[1] > (MOST_PIXELS if photo else most_pixels):
            raise PictureRefused("too_many_pixels")
        if photo:
            opened.draft("RGB", (longest_side, longest_side))
        opened.load()
        turned = opened.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
        image = ImageOps.exif_transpose(opened)
        clear = not photo and image.has_transparency_data
    made = image.convert("RGBA" if clear else "RGB")
    made.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    made.info = {"photo": photo}
    return made, (size[1], size[0]) if turned else size


def _written(image: Image.Image, seen: tuple[int, int], largest: int) -> Drawing:
    """A photo as JPEG, a drawing without loss if that is small enough, else as WebP."""
    if not image.info["photo"]:
        body = _saved(image, "PNG", optimize=True)
        if len(body) <= largest // 4:
            return Drawing("image/png", *image.size, body, *seen)
    name, content_type = ("JPEG", "image/jpeg") if image.info["photo"] else ("WEBP", "image/webp")
    for quality in QUALITIES:
        body = _saved(image, name, quality=quality)
        if len(body) <= largest:
            return Drawing(content_type, *image.size, body, *seen)
    raise PictureRefused("too_large")


def _saved(image: Image.Image, name: str, **options: object) -> bytes:
    plain = image.copy()
    plain.info = {}
    target = io.BytesIO()
    plain.save(target, name, **options)
    return target.getvalue()
