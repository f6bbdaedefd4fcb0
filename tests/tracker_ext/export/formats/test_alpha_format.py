"""Videos with alpha: decoded back, alpha is the mask and colours are the frame's."""

from __future__ import annotations

import av
import numpy as np
import pytest
from miniatures.mask_results import davis_result, drawn_labels

from ltr_ext.data.image_io import read_image
from ltr_ext.errors import UserError
from tracker_ext.export.formats import ExportOptions
from tracker_ext.export.formats import alpha as module
from tracker_ext.export.formats.alpha import KINDS, AlphaWriter, has_encoder

LABELS = drawn_labels()
SMOOTH = [np.kron(labels[::8, ::8], np.ones((16, 16), np.uint8)) for labels in LABELS]
"""Objects of blocks, 80 x 128 pixels: VP9 is asked about middles of blocks, not about their edges."""


def decoded(path, decoder) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        reader = av.CodecContext.create(decoder, "r")
        reader.extradata = stream.codec_context.extradata
        frames = [frame for packet in container.demux(stream) for frame in reader.decode(packet)]
        return [frame.to_ndarray(format="rgba") for frame in frames]


@pytest.mark.parametrize(
    "kind, decoder", [(KINDS[0], "prores"), (KINDS[1], "libvpx-vp9")], ids=["ProRes 4444", "WebM VP9"]
)
def test_alpha_comes_back(tmp_path, run, monkeypatch, kind, decoder):
    if not has_encoder(kind.codec):
        pytest.skip(f"this FFmpeg does not encode {kind.codec}")
    monkeypatch.setattr(module, "KINDS", (kind,))
    result = davis_result(tmp_path / "result", labels=SMOOTH)
    out = run(result, "alpha")
    frames = decoded(out / f"alpha/walk{kind.suffix}", decoder)
    assert len(frames) == len(SMOOTH)
    for index, (frame, labels) in enumerate(zip(frames, SMOOTH, strict=True)):
        wrong = (frame[..., 3] > 127) != (labels != 0)
        assert not wrong.any() if kind is KINDS[0] else wrong.mean() < 0.01
        if kind is KINDS[0]:
            assert set(np.unique(frame[..., 3]).tolist()) <= {0, 255}
        picture = read_image(result / f"JPEGImages/480p/walk/0000{index}.jpg").astype(int)
        assert np.abs(frame[..., :3] - picture).mean() < (3 if kind is KINDS[0] else 12)


def test_chosen_objects_are_opaque(tmp_path, run):
    out = run(davis_result(tmp_path / "result"), "alpha", "--objects", "3")
    (path,) = [path for path in (out / "alpha").iterdir() if path.stem == "walk"]
    frames = decoded(path, "prores" if path.suffix == ".mov" else "libvpx-vp9")
    np.testing.assert_array_equal(frames[0][..., 3] > 127, LABELS[0] == 3)


def test_without_an_encoder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "has_encoder", lambda name: False)
    with pytest.raises(UserError, match="encodes neither ProRes nor VP9"):
        AlphaWriter(tmp_path, ExportOptions())
