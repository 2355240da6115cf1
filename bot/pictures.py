"""An uploaded file made into a picture that may be shown: looked at, bounded, and written anew. Pure."""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from knowledgebase.authoring.pictures import Picture

LARGEST_UPLOAD = 10 * 1024 * 1024
LARGEST_PICTURE = 2 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1_600
QUALITIES = (88, 75, 60)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class PictureRefused(Exception):
    """No picture comes of this file. reason: 'not_a_picture', 'too_many_pixels' or 'too_large'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def develop(upload: bytes) -> Picture:
    """The picture in this file, at most LONGEST_SIDE on a side, without what a camera adds; of an animation the
    first picture. What the sender calls the file counts for nothing. Raises PictureRefused.
    """
    if len(upload) > LARGEST_UPLOAD:
        raise PictureRefused("too_large")
    try:
        return _written(_upright(upload))
    except PictureRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("too_many_pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, EOFError, IndexError, KeyError) as error:
        raise PictureRefused("not_a_picture") from error


def _upright(upload: bytes) -> Image.Image:
    """The pixels, the right way up, no larger than they may be; the size is looked at before any is read."""
    with Image.open(io.BytesIO(upload), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise PictureRefused("too_many_pixels")
        photo = opened.format == "JPEG"
        if photo:
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        opened.load()
        image = ImageOps.exif_transpose(opened)
        clear = not photo and image.has_transparency_data
    made = image.convert("RGBA" if clear else "RGB")
    made.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    made.info = {"photo": photo}
    return made


def _written(image: Image.Image) -> Picture:
    """A photo as JPEG, a drawing without loss if that is small enough, else as WebP."""
    if not image.info["photo"]:
        body = _saved(image, "PNG", optimize=True)
        if len(body) <= LARGEST_PICTURE // 4:
            return Picture("image/png", image.width, image.height, body)
    name, content_type = ("JPEG", "image/jpeg") if image.info["photo"] else ("WEBP", "image/webp")
    for quality in QUALITIES:
        body = _saved(image, name, quality=quality)
        if len(body) <= LARGEST_PICTURE:
            return Picture(content_type, image.width, image.height, body)
    raise PictureRefused("too_large")


def _saved(image: Image.Image, name: str, **options: object) -> bytes:
    plain = image.copy()
    plain.info = {}
    target = io.BytesIO()
    plain.save(target, name, **options)
    return target.getvalue()
