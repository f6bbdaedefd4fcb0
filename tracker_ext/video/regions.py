"""Regions as VOT writes them, one a line.

    m12,30,8,5,0,6,2,...        mask: box x,y,w,h, then lengths of runs in row order inside it, of zeros first
    12.5,30,8,5                 rectangle x,y,w,h
    12,30,20,30,20,35,12,35     polygon x0,y0,x1,y1,..., three corners or more
    0                           a code (0 unknown, 1 initialisation, 2 failure): no region

Pixel edges are at integers, so the first pixel covers [0, 1] x [0, 1]; a pixel belongs to a rectangle or polygon if its
centre does.
"""

from __future__ import annotations

import numpy as np

EMPTY = "m0,0,1,1,1"
"""A mask without a pixel: one pixel that is off."""
MAX_PIXELS = 2**28
"""No picture has more; a box that claims to is a broken line, and must not cost the memory."""


def encode_mask(mask: np.ndarray) -> str:
    """Write a mask.

    Args:
        mask: [H, W], object where not 0.

    Returns:
        The line; the box is tight. `EMPTY` for a mask without a pixel.
    """
    mask = np.asarray(mask) != 0
    if mask.ndim != 2:
        raise ValueError(f"mask of shape {mask.shape}: must be [H, W]")
    if not mask.any():
        return EMPTY
    x, y, width, height, runs = mask_runs(mask)
    return "m" + ",".join(map(str, (x, y, width, height, *runs)))


def mask_runs(mask: np.ndarray) -> tuple[int, int, int, int, list[int]]:
    """The box of a mask, and the lengths of the runs in row order inside it, of zeros first.

    Args:
        mask: [H, W] bool with a pixel at least.

    Returns:
        x, y, width, height, pixels; the lengths.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    inside = mask[y : rows[-1] + 1, x : columns[-1] + 1]
    flat = inside.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    if flat[0]:
        runs.insert(0, 0)
    height, width = inside.shape
    return x, y, width, height, runs


def decode_region(text: str, height: int, width: int) -> np.ndarray:
    """Read a mask, rectangle or polygon as a mask of the picture's size.

    Args:
        text: one line.
        height: of the picture, pixels.
        width: of the picture, pixels.

    Returns:
        [height, width] bool; what lies outside the picture is cut off. Empty for a code and for numbers that are nan.

    Raises:
        ValueError: neither of the forms, or runs that do not fit the mask's box.
    """
    text = text.strip()
    if text.startswith("m"):
        return paste(*_decode_mask(text), height, width)
    numbers = _numbers(text)
    if len(numbers) == 1 or np.isnan(numbers).any():
        return np.zeros((height, width), dtype=bool)
    if len(numbers) == 4:
        x, y, w, h = numbers
        rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
        return ((y <= rows) & (rows < y + h))[:, None] & ((x <= columns) & (columns < x + w))
    return _fill_polygon(numbers.reshape(-1, 2), height, width)


def region_box(text: str) -> np.ndarray:
    """The box of a region.

    Args:
        text: one line.

    Returns:
        [4] float64 (x, y, w, h), pixels: a rectangle itself, else tight around the mask's pixels or the polygon's
        corners; nan for an empty mask, a code, and numbers that are nan.

    Raises:
        ValueError: as `decode_region`.
    """
    text = text.strip()
    if text.startswith("m"):
        pixels, x, y = _decode_mask(text)
        rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
        if not rows.size:
            return np.full(4, np.nan)
        corner = np.array([x + columns[0], y + rows[0]], dtype=np.float64)
        return np.concatenate([corner, [np.ptp(columns) + 1, np.ptp(rows) + 1]])
    numbers = _numbers(text)
    if len(numbers) == 1 or np.isnan(numbers).any():
        return np.full(4, np.nan)
    if len(numbers) == 4:
        return numbers
    corners = numbers.reshape(-1, 2)
    return np.concatenate([corners.min(axis=0), np.ptp(corners, axis=0)])


def _decode_mask(text: str) -> tuple[np.ndarray, int, int]:
    """The pixels [h, w] bool of a mask's box, and its x and y."""
    try:
        x, y, width, height, *runs = (int(part) for part in text[1:].split(","))
    except ValueError:
        raise ValueError(f"region {_short(text)}: is not m and whole numbers x,y,w,h,runs") from None
    area = width * height
    if width < 1 or height < 1 or area > MAX_PIXELS:
        raise ValueError(f"region {_short(text)}: its box of {width}x{height} pixels is none")
    if min(runs, default=0) < 0 or sum(runs) > area:
        raise ValueError(f"region {_short(text)}: its runs hold {sum(runs)} pixels, its box {area}")
    flat = np.zeros(area, dtype=bool)
    on = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    flat[: on.size] = on
    return flat.reshape(height, width), x, y


def paste(pixels: np.ndarray, x: int, y: int, height: int, width: int) -> np.ndarray:
    """Put the pixels of a box into a picture.

    Args:
        pixels: [h, w] bool.
        x: of the box's first column in the picture, may be negative.
        y: of its first row, may be negative.
        height: of the picture, pixels.
        width: of the picture, pixels.

    Returns:
        [height, width] bool, cut at the border, false around the box.
    """
    out = np.zeros((height, width), dtype=bool)
    top, left = max(y, 0), max(x, 0)
    part = pixels[top - y : max(height - y, 0), left - x : max(width - x, 0)]
    out[top : top + part.shape[0], left : left + part.shape[1]] = part
    return out


def _numbers(text: str) -> np.ndarray:
    try:
        numbers = np.array([float(part) for part in text.replace("\t", ",").split(",")])
    except ValueError:
        raise ValueError(f"region {_short(text)}: is not numbers with commas between") from None
    if len(numbers) not in (1, 4) and (len(numbers) < 6 or len(numbers) % 2):
        raise ValueError(f"region {_short(text)}: {len(numbers)} numbers are no rectangle and no polygon")
    if np.isinf(numbers).any():
        raise ValueError(f"region {_short(text)}: is not finite")
    return numbers


def _fill_polygon(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    """[height, width] bool of a closed polygon [N, 2] (x, y): a centre is inside if a ray crosses oddly many sides."""
    rows, columns = np.arange(height)[:, None] + 0.5, np.arange(width) + 0.5
    inside = np.zeros((height, width), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (np.minimum(y0, y1) <= rows) & (rows < np.maximum(y0, y1))
        inside ^= crosses & (columns < x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
    return inside


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
