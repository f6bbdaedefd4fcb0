"""Pictures of every kind that people have: read right, or refused in one line that names file and remedy."""

from __future__ import annotations

import os
import socket
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from ltr_ext.data import picture_files
from ltr_ext.data.image_io import image_size, read_image, read_raw_image, to_8_bits
from ltr_ext.errors import UserError

PICTURE = np.zeros((40, 60, 3), np.uint8)
PICTURE[:20, :30], PICTURE[20:, 30:], PICTURE[:5, 50:] = (250, 10, 10), (10, 250, 10), (0, 0, 255)
GREY = np.array(Image.fromarray(PICTURE).convert("L"))
GREY_RGB = np.repeat(GREY[..., None], 3, axis=2)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what brings the stored picture upright, by the standard's own words."""


def save(path, pixels=PICTURE, mode=None, **options):
    image = Image.fromarray(pixels)
    image = image.convert(mode) if mode else image
    image.save(path, **options)
    return path


def with_orientation(path, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    return save(path, exif=exif, **({"quality": 98, "subsampling": 0} if path.suffix == ".jpg" else {}))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path, suffix, orientation):
    path = with_orientation(tmp_path / f"a{suffix}", orientation)
    turn = TURNS.get(orientation)
    upright = PICTURE if turn is None else np.array(Image.fromarray(PICTURE).transpose(turn))
    for wanted, options in ((PICTURE, {}), (upright, {"upright": True})):
        found = read_image(path, **options)
        assert found.shape[:2] == wanted.shape[:2] == image_size(path, **options)
        assert np.abs(found.astype(int) - wanted).mean() < 8


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_tiff_is_always_upright(tmp_path, orientation):
    path = with_orientation(tmp_path / "a.tif", orientation)
    upright = np.array(Image.fromarray(PICTURE).transpose(TURNS[orientation]))
    for options in ({}, {"upright": True}):
        np.testing.assert_array_equal(read_image(path, **options), upright)
        assert image_size(path, **options) == upright.shape[:2]


@pytest.mark.parametrize("orientation", [0, 9])
def test_a_senseless_orientation_turns_nothing(tmp_path, orientation):
    np.testing.assert_array_equal(read_image(with_orientation(tmp_path / "a.png", orientation), upright=True), PICTURE)


def clear(pixels, mode):
    """With an alpha channel that hides all."""
    image = Image.fromarray(pixels).convert(mode)
    image.putalpha(0)
    return image


@pytest.mark.parametrize(
    ("name", "image", "options", "expected"),
    [
        pytest.param("a.png", Image.fromarray(PICTURE).quantize(8), {}, PICTURE, id="palette"),
        pytest.param("a.png", Image.fromarray(PICTURE).quantize(8), {"transparency": 0}, PICTURE, id="clear colour"),
        pytest.param("a.png", Image.fromarray(GREY), {}, GREY_RGB, id="grey"),
        pytest.param("a.png", clear(GREY, "LA"), {}, GREY_RGB, id="grey, alpha"),
        pytest.param("a.png", clear(PICTURE, "RGBA"), {}, PICTURE, id="alpha"),
        pytest.param("a.webp", clear(PICTURE, "RGBA"), {"lossless": True, "exact": True}, PICTURE, id="webp, alpha"),
        pytest.param("a.tif", clear(PICTURE, "RGBA"), {}, PICTURE, id="tiff, alpha"),
        pytest.param("a.jpg", Image.fromarray(PICTURE).convert("CMYK"), {"quality": 98}, PICTURE, id="cmyk jpeg"),
        pytest.param("a.tif", Image.fromarray(PICTURE).convert("CMYK"), {}, PICTURE, id="cmyk tiff"),
        pytest.param("a.tif", Image.fromarray(PICTURE), {"compression": "tiff_lzw"}, PICTURE, id="lzw"),
        pytest.param("a.bmp", Image.fromarray(PICTURE), {}, PICTURE, id="bmp"),
        pytest.param("A.JPG", Image.fromarray(PICTURE), {"quality": 98}, PICTURE, id="upper case"),
        pytest.param("a.jpg", Image.fromarray(PICTURE), {"format": "PNG"}, PICTURE, id="png of another name"),
        pytest.param("a.jpg", Image.fromarray(PICTURE), {"format": "MPO", "quality": 98}, PICTURE, id="two views"),
        pytest.param(
            "a.png", Image.fromarray(GREY).convert("1"), {},
            np.array(Image.fromarray(GREY).convert("1").convert("RGB")), id="1 bit",
        ),
        pytest.param(
            "a.tif", Image.fromarray(GREY).convert("1"), {"compression": "group4"},
            np.array(Image.fromarray(GREY).convert("1").convert("RGB")), id="fax",
        ),
    ],
)  # fmt: skip
def test_kinds_of_pixels(tmp_path, name, image, options, expected):
    if options.get("format") == "MPO":
        options = {**options, "save_all": True, "append_images": [image]}
    image.save(tmp_path / name, **options)
    found = read_image(tmp_path / name)
    assert found.shape == expected.shape and found.dtype == np.uint8
    assert np.abs(found.astype(int) - expected).mean() < 2.5
    assert image_size(tmp_path / name) == expected.shape[:2]


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_sixteen_bits(tmp_path, name, kind):
    deep = PICTURE.astype(np.uint16) * 16 if kind == "colour" else GREY.astype(np.uint16) * 16
    cv2.imwrite(str(tmp_path / name), deep[..., ::-1] if kind == "colour" else deep)
    eight = PICTURE if kind == "colour" else GREY_RGB
    raw = read_raw_image(tmp_path / name)
    assert raw.dtype == np.uint16 and (raw == eight.astype(np.uint16) * 16).all()
    np.testing.assert_array_equal(read_image(tmp_path / name, levels=(0, 255 * 16)), eight)
    np.testing.assert_array_equal(read_image(tmp_path / name), eight // 16)


def test_levels_clip_what_lies_beyond():
    values = np.array([[[0, 100, 200], [300, 400, 65535]]], np.uint16)
    assert to_8_bits(values, (100, 355)).ravel().tolist() == [0, 0, 100, 200, 255, 255]
    assert to_8_bits(values, (7, 7)).ravel().tolist() == [0, 255, 255, 255, 255, 255], (
        "no range: no division by nothing"
    )


def test_unknown_bytes_behind_a_jpeg_do_no_harm(tmp_path):
    path = save(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes() + b"a maker's own bytes")
    assert read_image(path).shape == PICTURE.shape


NOISE = np.random.default_rng(0).integers(0, 255, (80, 90, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.95])
def test_cut_short(tmp_path, suffix, share, capfd):
    path = save(tmp_path / f"a.{suffix}", NOISE)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UserError, match=rf"a\.{suffix} cannot be decoded as a picture: .*restore"):
        read_image(path)
    assert capfd.readouterr() == ("", ""), "the message says it all"


def several(**options):
    return {"save_all": True, "append_images": [Image.fromarray(PICTURE[::-1].copy())], **options}


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("a.png", lambda path: path.write_bytes(b""), r"it is empty \(0 bytes\); restore"),
        ("a.jpg", lambda path: path.write_text("hello"), "it is damaged, or of a kind that is not read"),
        ("a.jpg", lambda path: path.write_bytes(b"\0\0\0\x20ftypisom" + b"\0" * 50), "it is an MP4 video"),
        ("a.jpg", lambda path: path.write_text("<!doctype html>"), "a page of HTML"),
        ("a.jpg", lambda path: path.write_text("version https://git-lfs.github.com/spec/v1"), "a pointer of Git LFS"),
        ("a.heic", lambda path: path.write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 50), "HEIC .* convert it to JPEG"),
        ("a.jpg", lambda path: path.write_bytes(b"\0\0\0\x18ftypmif1" + b"\0" * 50), "HEIC .* convert it to JPEG"),
        ("a.png", lambda path: path.write_bytes(b"\0\0\0\x1cftypavif" + b"\0" * 50), "AVIF .* convert it to JPEG"),
        ("a.tif", lambda path: save(path, **several()), r"holds 2 pictures \(TIFF\): write each to a file of its own"),
        ("a.webp", lambda path: save(path, **several()), r"holds 2 pictures \(WEBP\)"),
        ("a.png", lambda path: save(path, **several()), r"holds 2 pictures \(PNG\)"),
        ("a.gif", lambda path: save(path, **several()), r"holds 2 pictures \(GIF\)"),
        ("a.tif", lambda path: save(path, GREY.astype(np.float32)), "numbers of 32 bits or with a point: convert it"),
        ("a.tif", lambda path: save(path, GREY.astype(np.int32)), "numbers of 32 bits or with a point: convert it"),
        ("a.tif", lambda path: cv2.imwrite(str(path), PICTURE.astype(np.float32)), "convert it to an 8-bit PNG"),
        ("a.png", lambda path: None, "does not exist: check the path"),
        ("a.png", lambda path: path.mkdir(), "is no file but a folder"),
        ("a.png", lambda path: os.mkfifo(path), "is no file but a pipe"),
        ("a.png", lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "is no file but a socket"),
        ("a.png", lambda path: path.symlink_to("/dev/zero"), "is no file but a device"),
        ("a.png", lambda path: (os.mkfifo(f"{path}.pipe"), path.symlink_to(f"{path}.pipe")), "is no file but a pipe"),
        ("a.png", lambda path: path.symlink_to("nothing.png"), "is a link to a file that does not exist"),
    ],
)
def test_refused_by_name(tmp_path, name, make, message):
    make(tmp_path / name)
    for read in (read_image, image_size):
        with pytest.raises(UserError, match=message) as caught:
            read(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_small_copy_in_a_tiff_is_no_second_page(tmp_path):
    from PIL import TiffImagePlugin

    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "a.tif"), new=True) as file:
        Image.fromarray(PICTURE).save(file, format="TIFF")
        file.newFrame()
        Image.fromarray(PICTURE[::4, ::4].copy()).save(file, format="TIFF", tiffinfo=tags)
    del file  # Pillow's writer closes itself a second time, of which Python 3.13 complains
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), PICTURE)


def bomb(path, side):
    """A PNG of 1 bit per pixel that says it is `side` pixels wide and high, and holds next to nothing."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b""))


def test_a_picture_bomb_is_refused_by_its_header(tmp_path):
    bomb(tmp_path / "a.png", 40_000)
    for read in (read_image, image_size):
        with pytest.raises(UserError, match="is 40000x40000, 1600 megapixels; at most 256 are read: scale it down"):
            read(tmp_path / "a.png")


def test_a_large_photograph_is_none(tmp_path, recwarn):
    bomb(tmp_path / "a.png", 15_000)
    assert image_size(tmp_path / "a.png") == (15_000, 15_000)
    assert not recwarn.list and Image.MAX_IMAGE_PIXELS is not None, "Pillow's own limit is as it was"
    assert picture_files.MAX_PIXELS > 200e6
