"""Id masks on disk: every form in which people store them is either read correctly or refused in one line.

A mask is [H, W] uint8: 0 is background, 255 (`IGNORE_LABEL`) is undecided, and other values are object ids. Where 255
is the only value of a whole clip besides 0 (DAVIS 2016, many tools), it stands for the object; the code that reads the
clip has to decide this.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ltr_ext.data.picture_files import open_picture, open_regular, picture_header
from ltr_ext.errors import UserError

IGNORE_LABEL = 255
"""The mask value of undecided pixels, which count in no loss and no metric."""
MAX_PALETTE_ID = IGNORE_LABEL - 1
"""The largest object id, since a palette PNG has one byte per pixel."""

SIXTEEN_BIT_WHITE = 65535
MANY_THIN_VALUES = 8
"""If this many values never fill a block of 2 x 2 pixels, they are not objects but shades of a smoothed edge."""
SHADE = 32
"""If a mask holds 255, thin values from this one on are shades of it; lower ones may be slivers of objects."""
MANY_VALUES = 24
"""If a mask has more values than this, and is an id mask, most of its pixels still lie within areas of one value."""


def read_mask(path: str | Path, *, wide: bool = False) -> np.ndarray:
    """Read an id mask.

    * Palette PNG: the index is the id, whatever the colours are.
    * Grey: the value is the id; a 16-bit value must fit into 8 bits.
    * Colour (RGB, RGBA): the colours of DAVIS's palette stand for their ids; three equal channels are read as grey.
    * Pictures of 1 bit give 0 and 1; black and white pictures of 8 or 16 bits give 0 and 255.

    Args:
        path: an image file.
        wide: whether a grey picture of 16 bits may have ids above 255; there, 255 is an id like any other.

    Returns:
        [H, W] uint8; 0 is background, 255 (`IGNORE_LABEL`) is undecided, other values are object ids. If `wide`, a file
        of 16 bits that is not black and white gives [H, W] uint16.

    Raises:
        UserError: the file is missing or not a picture, or its ids are ambiguous: it has other colours, ids above 255,
            edges smoothed by JPEG or by resizing, or half transparent pixels.
    """
    try:
        with open_regular(path, "mask") as file:
            picture_header(file, f"mask {path}")
            file.seek(0)
            with open_picture(file) as image:
                kind, mode, raw_mode = image.format, image.mode, _raw_mode(image)
                pixels = np.array(image)
                colours = image.getpalette("RGB") if mode in ("P", "PA") else None
    except UserError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a damaged file makes them run into
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"mask {path} cannot be read ({reason}): check the path, or restore the file") from error
    if wide and mode.startswith("I") and not set(np.unique(pixels).tolist()) <= {0, SIXTEEN_BIT_WHITE}:
        return _wide(path, pixels)
    labels = _labels(path, pixels, mode, raw_mode)
    if colours is not None:
        _check_background(path, labels, np.array(colours, np.uint8).reshape(-1, 3))
    values = np.flatnonzero(value_counts(labels))
    if kind in ("JPEG", "MPO") and not set(values.tolist()) <= {0, IGNORE_LABEL}:
        raise UserError(f"mask {path} is a JPEG, whose compression changes ids; store ids as PNG")
    if is_smoothed(labels):
        raise UserError(
            f"mask {path} holds {len(values)} values, shades of smoothed edges instead of ids; store ids as PNG, and "
            "resize masks by nearest neighbour"
        )
    return np.ascontiguousarray(labels, dtype=np.uint8)


def one_object(labels: np.ndarray) -> np.ndarray:
    """Interpret a single mask, such as that of a photograph: if its values are 0 and 255 alone, 255 becomes object 1.

    Args:
        labels: [H, W] uint8, see `read_mask`.
    """
    values = np.flatnonzero(value_counts(labels))
    return labels // IGNORE_LABEL if IGNORE_LABEL in values and set(values.tolist()) <= {0, IGNORE_LABEL} else labels


def value_counts(labels: np.ndarray) -> np.ndarray:
    """[256] int64, how many pixels have each value.

    The pixels are counted in parts, since `numpy.bincount` takes eight times their memory.

    Args:
        labels: uint8 of any shape.
    """
    flat, counts = labels.reshape(-1), np.zeros(256, np.int64)
    for start in range(0, flat.size, 1 << 24):
        counts += np.bincount(flat[start : start + (1 << 24)], minlength=256)
    return counts


def is_smoothed(labels: np.ndarray) -> bool:
    """Whether the values stand for shades between background and object rather than for objects.

    Args:
        labels: [H, W] uint8.
    """
    counts = value_counts(labels)
    ids = np.flatnonzero(counts[1:IGNORE_LABEL]) + 1
    if len(ids) < MANY_THIN_VALUES and (not counts[IGNORE_LABEL] or not len(ids) or ids[-1] < SHADE):
        return False
    corner = labels[:-1, :-1]
    block = (corner == labels[1:, :-1]) & (corner == labels[:-1, 1:]) & (corner == labels[1:, 1:])
    blocks = value_counts(corner[block])
    thin = ids[blocks[ids] == 0]
    if len(thin) >= MANY_THIN_VALUES:
        return True
    if counts[IGNORE_LABEL] and len(thin) == len(ids):
        return bool(ids[-1] >= SHADE)
    return len(ids) > MANY_VALUES and blocks[ids].sum() < counts[ids].sum() / 2


def palette() -> np.ndarray:
    """The 256 colours of DAVIS: the bits of the id are distributed over the channels, starting with the highest bit.

    Returns:
        [256, 3] uint8 RGB.
    """
    ids = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for level in range(8):
        for channel in range(3):
            bit = (ids >> (3 * level + channel)) & 1
            colours[:, channel] |= (bit << (7 - level)).astype(np.uint8)
    return colours


def write_mask(path: str | Path, labels: np.ndarray) -> None:
    """Write an id mask as palette PNG whose pixel values are the object ids.

    Args:
        path: the PNG file; its folder must exist.
        labels: [H, W] integers in 0..255.
    """
    image = Image.fromarray(np.asarray(labels, dtype=np.uint8))
    image.putpalette(palette().ravel().tolist())
    image.save(path, format="PNG")


def _raw_mode(image: Image.Image) -> str:
    """How the file stores its pixels, such as `RGB;16B`, if Pillow says so; Pillow changes the depth silently."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _labels(path: str | Path, pixels: np.ndarray, mode: str, raw_mode: str) -> np.ndarray:
    """The id mask [H, W] uint8 of the pixels that Pillow decoded."""
    if mode in ("1", "L", "P") or mode.startswith("I"):
        labels = _narrow(path, pixels)
        if raw_mode in ("L;2", "L;4") and not set(np.unique(labels).tolist()) <= {0, IGNORE_LABEL}:
            raise UserError(f"mask {path} is grey of {raw_mode[2:]} bits; store ids as palette PNG or grey of 8 bits")
        return labels
    if mode not in ("LA", "PA", "RGB", "RGBA") or "16" in raw_mode:
        shown = f"{mode} of 16 bits" if "16" in raw_mode else mode
        raise UserError(f"mask {path} has pixels of kind {shown}; store ids as palette PNG")
    if mode.endswith("A"):
        pixels = _without_alpha(path, pixels)
    if pixels.shape[2] == 1:
        return pixels[..., 0]
    return _from_colours(path, pixels)


def _wide(path: str | Path, pixels: np.ndarray) -> np.ndarray:
    """Convert [H, W] integers to uint16, and refuse values that do not fit."""
    low, high = int(pixels.min()), int(pixels.max())
    if low < 0 or high > SIXTEEN_BIT_WHITE:
        raise UserError(f"mask {path} holds values from {low} to {high}; ids run from 1 to {SIXTEEN_BIT_WHITE}")
    return pixels.astype(np.uint16)


def _narrow(path: str | Path, pixels: np.ndarray) -> np.ndarray:
    """Convert [H, W] bool or integers to uint8, and refuse values that do not fit."""
    if pixels.dtype in (np.uint8, np.bool_):
        return pixels.astype(np.uint8)
    values = np.unique(pixels)
    if set(values.tolist()) <= {0, SIXTEEN_BIT_WHITE}:
        return (pixels > 0).astype(np.uint8) * np.uint8(IGNORE_LABEL)
    if values[0] < 0 or values[-1] > IGNORE_LABEL:
        raise UserError(
            f"mask {path} holds values from {values[0]} to {values[-1]}; ids run from 1 to {MAX_PALETTE_ID}"
        )
    return pixels.astype(np.uint8)


def _without_alpha(path: str | Path, pixels: np.ndarray) -> np.ndarray:
    """Drop the last channel of [H, W, C], and refuse it if it holds information of its own."""
    alpha, colours = pixels[..., -1], pixels[..., :-1]
    clear = alpha == 0
    hidden = not colours.any() and clear.any() and not clear.all()
    if hidden or colours[clear].any() or not (clear | (alpha == 255)).all():
        raise UserError(f"mask {path} is transparent in places, so its ids cannot be told; store ids as palette PNG")
    return colours


_CHANNEL_BITS = (((7, 0), (6, 3), (5, 6)), ((7, 1), (6, 4), (5, 7)), ((7, 2), (6, 5)))
"""For red, green and blue, pairs of a bit of the colour and the bit of the id that it stands for, as in `palette`."""


def _from_colours(path: str | Path, colours: np.ndarray) -> np.ndarray:
    """Convert colours [H, W, 3] uint8 to ids [H, W] uint8."""
    labels = np.zeros(colours.shape[:2], np.uint8)
    for channel, bits in enumerate(_CHANNEL_BITS):
        for bit, id_bit in bits:
            labels |= ((colours[..., channel] >> bit) & 1) << np.uint8(id_bit)
    wrong = (palette()[labels] != colours).any(axis=2)
    if not wrong.any():
        return labels
    if (colours == colours[..., :1]).all():
        return colours[..., 0]
    shown = ", ".join(map(str, colours[wrong][0].tolist()))
    raise UserError(f"mask {path} has the colour ({shown}), none of DAVIS's palette; store ids as palette PNG")


def _check_background(path: str | Path, labels: np.ndarray, colours: np.ndarray) -> None:
    """Refuse a mask that uses both index 0 and another index whose colour is black: either may be the background."""
    used = np.flatnonzero(value_counts(labels))
    used = used[used < len(colours)]
    black = used[~colours[used].any(axis=1)]
    if len(black) and 0 in used and 0 not in black:
        raise UserError(
            f"mask {path}: its palette has black at index {black[0]} and a colour at 0, so the background cannot be "
            "told; store background as index 0"
        )
