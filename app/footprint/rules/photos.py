"""Photos as evidence: what is taken, what is kept of it, and when two are nearly the same. Pure.

A photo is decoded and drawn anew, upright and no larger than a reader needs: nothing of the file that
was sent is kept, so neither are its EXIF, its place on earth or anything appended to it.
"""

import hashlib
import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

LARGEST_PHOTO_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 50_000_000
"""A phone's largest photo; more is no photo but a bomb."""
SHORTEST_SIDE = 200
"""Fewer pixels show nothing that somebody could judge."""
KEPT_SIDE = 1_600
"""The longer side of what is kept."""
FORMATS = ("JPEG", "PNG", "WEBP")
NEAR_BITS = 4
"""Photos whose hashes differ in so many bits at most are shown to the reviewer side by side."""
_BANDS = NEAR_BITS + 1
_BAND_BITS = 13
_QUALITY = 85
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What decoders raise on files that were cut, damaged or made to hurt them."""


class PhotoRefused(Exception):
    """Not a photo that we take: `args[0]` is the message that says why."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it is kept.

    `sha256` is of its pixels, so that the same picture in another file is known. `look` is what it looks
    like in 64 bits: whether each of 8 × 8 places is brighter than the one beside it.
    """

    content: bytes
    sha256: bytes
    look: int
    width: int
    height: int


def read_photo(content: bytes) -> Photo:
    """The photo in a file that somebody sent. Raises `PhotoRefused`."""
    if not 0 < len(content) <= LARGEST_PHOTO_BYTES:
        raise PhotoRefused("footprint.photo_bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = _decode(content)
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PhotoRefused("footprint.photo_pixels") from error
    except _BROKEN as error:
        raise PhotoRefused("footprint.photo_unreadable") from error
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=_QUALITY, optimize=True)
    size = f"{picture.width}x{picture.height}:".encode()
    return Photo(
        kept.getvalue(),
        hashlib.sha256(size + picture.tobytes()).digest(),
        _look(picture),
        picture.width,
        picture.height,
    )


def _decode(content: bytes) -> Image.Image:
    """The picture, upright, without anything but its pixels, on white, no larger than is kept."""
    with Image.open(BytesIO(content), formats=FORMATS) as opened:
        width, height = opened.size
        if width * height > MOST_PIXELS or min(width, height) < SHORTEST_SIDE:
            raise PhotoRefused("footprint.photo_pixels")
        if getattr(opened, "n_frames", 1) != 1:
            raise PhotoRefused("footprint.photo_moves")
        opened.draft("RGB", (KEPT_SIDE, KEPT_SIDE))
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        upright = ground
    plain = Image.frombytes("RGB", upright.size, upright.convert("RGB").tobytes())
    plain.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return plain


def _look(picture: Image.Image) -> int:
    """The difference hash of a picture, which survives another size, quality or format."""
    grey = picture.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            here = row * 9 + column
            bits = bits << 1 | (grey[here] > grey[here + 1])
    return bits - (bits >> 63 << 64)  # signed, as PostgreSQL's bigint is


def bands(look: int) -> list[int]:
    """Pieces of a hash, of which two hashes that are near have at least one in common.

    They differ in fewer bits than there are pieces, so one piece at least is untouched: an index over
    the pieces finds all that is near without looking at everything.
    """
    pieces = [look >> place * _BAND_BITS & (1 << _BAND_BITS) - 1 for place in range(_BANDS)]
    return [place << _BAND_BITS | piece for place, piece in enumerate(pieces)]


def differing_bits(one: int, other: int) -> int:
    """In how many of 64 places two looks differ."""
    return ((one ^ other) & (1 << 64) - 1).bit_count()
