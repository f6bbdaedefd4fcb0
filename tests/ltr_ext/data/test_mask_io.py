"""Masks in all the forms that people have: read right, or refused in one line."""

from __future__ import annotations

import io
import os

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniatures.fuzzing import trials
from PIL import Image

from ltr_ext.data.mask_io import IGNORE_LABEL, is_smoothed, one_object, palette, read_mask, write_mask
from ltr_ext.data.synthetic.stills import Still, object_ids
from ltr_ext.errors import UserError

IDS = np.zeros((24, 32), np.uint8)
IDS[2:12, 3:15], IDS[14:22, 10:30] = 1, 2
RED_FIRST = [0, 0, 0, 255, 0, 0, 0, 255, 0]
"""A palette that is not that of DAVIS."""


def disk(value: int = 255) -> np.ndarray:
    """[96, 128] uint8."""
    rows, columns = np.mgrid[:96, :128]
    return np.where((rows - 45) ** 2 + (columns - 60) ** 2 < 30**2, value, 0).astype(np.uint8)


def with_palette(labels: np.ndarray, colours: list[int]) -> Image.Image:
    image = Image.fromarray(labels)
    image.putpalette(colours)
    return image


def with_alpha(colours: np.ndarray, alpha: np.ndarray | int) -> Image.Image:
    return Image.fromarray(np.dstack([colours, np.broadcast_to(np.uint8(alpha), colours.shape[:2])]))


COLOURED = palette()[IDS]


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        pytest.param(with_palette(IDS, palette().ravel().tolist()), IDS, id="palette of DAVIS"),
        pytest.param(with_palette(IDS, RED_FIRST), IDS, id="another palette: the index is the id"),
        pytest.param(Image.fromarray(IDS), IDS, id="grey"),
        pytest.param(Image.fromarray(COLOURED), IDS, id="colours of DAVIS"),
        pytest.param(Image.fromarray(palette()[np.where(IDS == 2, 255, IDS)]), np.where(IDS == 2, 255, IDS), id="void"),
        pytest.param(with_alpha(COLOURED, 255), IDS, id="colours of DAVIS, opaque"),
        pytest.param(with_alpha(COLOURED, np.where(IDS > 0, 255, 0)), IDS, id="background clear"),
        pytest.param(Image.fromarray(np.repeat(IDS[..., None], 3, axis=2)), IDS, id="grey in three channels"),
        pytest.param(Image.fromarray(np.repeat(disk()[..., None], 3, axis=2)), disk(), id="white on black, RGB"),
        pytest.param(Image.fromarray(disk()), disk(), id="0 and 255"),
        pytest.param(Image.fromarray(disk() > 0), disk(1), id="1 bit"),
        pytest.param(Image.fromarray(IDS.astype(np.uint16)), IDS, id="16 bits, small ids"),
        pytest.param(Image.fromarray(disk().astype(np.uint16) * 257), disk(), id="16 bits, black and white"),
        pytest.param(Image.fromarray(np.zeros((4, 5, 4), np.uint8)), np.zeros((4, 5)), id="all clear: empty"),
    ],
)
def test_forms_that_are_read(tmp_path, image, wanted):
    image.save(tmp_path / "mask.png")
    found = read_mask(tmp_path / "mask.png")
    assert found.dtype == np.uint8 and found.flags.c_contiguous
    np.testing.assert_array_equal(found, wanted)


def small(size_hw: tuple[int, int], interpolation: int) -> Image.Image:
    return Image.fromarray(cv2.resize(disk(), size_hw[::-1], interpolation=interpolation))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(Image.fromarray(np.array([[256, 300]], np.uint16)), "values from 256 to 300", id="16-bit ids"),
        pytest.param(Image.fromarray(IDS.astype(np.int32)), "32 bits", id="32-bit ids"),
        pytest.param(Image.fromarray(COLOURED // 128 * 255), r"the colour \(255, 0, 0\)", id="other colours"),
        pytest.param(with_alpha(COLOURED, 128), "transparent", id="half transparent"),
        pytest.param(with_alpha(COLOURED * 0, disk()[:24, 50:82]), "transparent", id="the shape is in the alpha"),
        pytest.param(with_alpha(np.full_like(COLOURED, 255), IDS * 127), "transparent", id="white, clear in places"),
        pytest.param(small((60, 90), cv2.INTER_LINEAR), "smoothed edges", id="resized, linear"),
        pytest.param(small((48, 64), cv2.INTER_AREA), "smoothed edges", id="halved"),
        pytest.param(small((480, 640), cv2.INTER_CUBIC), "smoothed edges", id="enlarged, cubic"),
        pytest.param(Image.fromarray(cv2.GaussianBlur(disk(), (0, 0), 20)), "smoothed edges", id="a soft mask"),
        pytest.param(
            with_palette(1 - (IDS > 0).astype(np.uint8), [255, 255, 255, 0, 0, 0]), "background", id="black 1"
        ),
        pytest.param(Image.fromarray(COLOURED).convert("CMYK"), "kind CMYK", id="CMYK"),
    ],
)
def test_forms_that_are_refused(tmp_path, image, reason):
    path = tmp_path / ("mask.tif" if image.mode in ("CMYK", "I") else "mask.png")
    image.save(path)
    with pytest.raises(UserError, match=reason) as refused:
        read_mask(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_what_a_library_would_widen_or_narrow_silently(tmp_path):
    cv2.imwrite(str(tmp_path / "deep.png"), np.repeat(IDS[..., None].astype(np.uint16), 3, axis=2))
    with pytest.raises(UserError, match="16 bits"):
        read_mask(tmp_path / "deep.png")


def test_jpeg_changes_ids(tmp_path):
    for name, labels in (("ids", IDS), ("disk", disk())):
        Image.fromarray(labels).save(tmp_path / f"{name}.jpg")
        with pytest.raises(UserError, match=f"{name}.jpg is a JPEG"):
            read_mask(tmp_path / f"{name}.jpg")
    Image.fromarray(IDS * 0).save(tmp_path / "empty.jpg")
    assert not read_mask(tmp_path / "empty.jpg").any()


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(
            np.add.outer(np.arange(60) // 6, np.arange(60) // 6 * 10).astype(np.uint8), id="a hundred objects"
        ),
        pytest.param(np.where(np.arange(900).reshape(30, 30) == 40, 1, IGNORE_LABEL).astype(np.uint8), id="1 in void"),
        pytest.param(np.arange(7, dtype=np.uint8)[None].repeat(9, 0), id="seven slivers"),
        pytest.param(np.zeros((1, 1), np.uint8), id="one pixel"),
    ],
)
def test_ids_that_are_no_shades(labels):
    assert not is_smoothed(labels)


def test_black_and_white_by_itself_is_one_object():
    np.testing.assert_array_equal(one_object(disk()), disk(1))
    for labels in (IDS, np.where(IDS == 2, 255, IDS), IDS * 0):
        assert one_object(labels) is labels


def test_a_photograph_with_a_black_and_white_mask_has_one_object(tmp_path):
    Image.fromarray(np.zeros((96, 128, 3), np.uint8)).save(tmp_path / "a.jpg")
    Image.fromarray(disk()).save(tmp_path / "a.png")
    _, labels = Still(tmp_path / "a.jpg", tmp_path / "a.png", "").load()
    assert object_ids(labels, 0.01, 1.0) == [1]


def test_picture_bombs_are_refused_by_their_header(tmp_path):
    Image.new("1", (40000, 40000)).save(tmp_path / "bomb.png")
    with pytest.raises(UserError, match="40000x40000, 1600 megapixels"):
        read_mask(tmp_path / "bomb.png")


def test_no_file_and_no_picture(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    os.mkfifo(tmp_path / "pipe.png")
    for name, reason in (("text.png", "cannot be decoded"), ("absent.png", "does not exist"), ("pipe.png", "a pipe")):
        with pytest.raises(UserError, match=f"mask .*{name} .*{reason}"):
            read_mask(tmp_path / name)


@trials(60)
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), cut=st.integers(0, 10**6), base=st.integers(0, 3))
def test_a_damaged_file_is_refused_or_read_as_a_mask(tmp_path, place, value, cut, base):
    """One byte changed, and in every second case the end cut off."""
    forms = [with_palette(IDS, RED_FIRST), Image.fromarray(COLOURED), Image.fromarray(IDS.astype(np.uint16))]
    memory = io.BytesIO()
    (forms[base % 3]).save(memory, "TIFF" if base == 3 else "PNG")
    data = bytearray(memory.getvalue())
    data[place % len(data)] = value
    path = tmp_path / "mask.png"
    path.write_bytes(data[: cut % len(data)] if cut % 2 else data)
    try:
        found = read_mask(path)
    except UserError:
        return
    assert found.dtype == np.uint8 and found.ndim == 2


@trials(60)
@given(ids=st.lists(st.integers(0, 255), min_size=1, max_size=6), kind=st.sampled_from(["grey", "palette", "colour"]))
def test_ids_come_back_as_they_were_written(tmp_path, ids, kind):
    labels = np.array(ids, np.uint8)[:, None].repeat(8, 0).reshape(len(ids), 8).repeat(4, 0)
    path = tmp_path / "mask.png"
    if kind == "palette":
        write_mask(path, labels)
    else:
        Image.fromarray(labels if kind == "grey" else palette()[labels]).save(path)
    np.testing.assert_array_equal(read_mask(path), labels)


@pytest.mark.parametrize(
    "stored, labels, dtype",
    [
        pytest.param(np.array([[0, 256, 300, 255]], np.uint16), [[0, 256, 300, 255]], np.uint16, id="ids above 255"),
        pytest.param(np.array([[0, 65535]], np.uint16), [[0, 255]], np.uint8, id="black and white"),
        pytest.param(np.array([[0, 7]], np.uint8), [[0, 7]], np.uint8, id="8 bits"),
    ],
)
def test_ids_of_16_bits_where_they_are_wanted(tmp_path, stored, labels, dtype):
    Image.fromarray(stored).save(tmp_path / "mask.png")
    found = read_mask(tmp_path / "mask.png", wide=True)
    assert found.dtype == dtype and found.tolist() == labels
