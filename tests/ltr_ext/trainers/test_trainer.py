"""What the trainer does besides resuming."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from tiny_training import BATCHES, SAMPLES, Accident, TinyData, TinyNet, build_trainer

from ltr_ext.errors import UserError
from ltr_ext.trainers.config import TrainerConfig, check_loaders
from ltr_ext.trainers.options import RunOptions

FOLDER = "checkpoints/ltr/tiny/test"


def test_a_loss_that_is_not_finite_names_the_samples(tmp_path: Path) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path), Accident("nan", BATCHES + 3))
    with pytest.raises(UserError, match=r"nan in epoch 2, batch 3 of 'train' \(iteration 8\).*4 to 5 \(tiny/clip4, "):
        trainer.train(2)
    assert all(parameter.isfinite().all() for parameter in trainer.actor.net.parameters())


def test_a_gradient_that_is_not_finite_stops_as_well(tmp_path: Path) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path))
    # the square root has an infinite slope at 0, its value is finite
    trainer.actor.objective = lambda logits, masks: (logits * 0).sqrt().sum()
    with pytest.raises(UserError, match="gradient norm nan in epoch 1, batch 1"):
        trainer.train(1)
    assert all(parameter.isfinite().all() for parameter in trainer.actor.net.parameters())


def test_last_and_best_are_kept(tmp_path: Path) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path), best_stat="val/Loss/total", checkpoint_every=1)
    # "best" is the largest, so the first epoch of a falling loss
    trainer.train(3)
    history = trainer.stats["val"]["Loss/total"].history
    assert history[0] == max(history) and len(history) == 3
    names = sorted(path.name for path in (tmp_path / FOLDER).glob("*.safetensors"))
    assert names == ["TinyNet_00000014.safetensors", "TinyNet_00000015.safetensors", "TinyNet_best.safetensors"]
    assert _header(tmp_path / FOLDER / "TinyNet_best.safetensors")["iteration"] == BATCHES
    assert _header(tmp_path / FOLDER / "TinyNet_00000015.safetensors")["best"] == {"value": history[0], "epoch": 1}


def _header(path: Path) -> dict:
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["box2mask"])


def test_the_sidecar_can_be_read(tmp_path: Path) -> None:
    build_trainer(RunOptions(workspace=tmp_path)).train(1)
    path = tmp_path / FOLDER / "TinyNet_00000005.json"
    sidecar, header = json.loads(path.read_text()), _header(path.with_suffix(".safetensors"))
    assert sidecar == {key: value for key, value in header.items() if key != "rng"}
    assert sidecar["position"] == {"epoch": 2, "loader": 0, "batch": 0}
    assert sidecar["fingerprint"]["loaders"]["train"] == [SAMPLES, 2, BATCHES]


def test_the_schedule_steps_per_iteration(tmp_path: Path) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path))
    trainer.train(2)
    assert trainer.optimizer.param_groups[0]["lr"] == 1e-2 * 0.5 ** (10 // 4)
    assert trainer.stats["train"]["LearningRate/group0"].history == [1e-2 * 0.5, 1e-2 * 0.25]


def test_gradient_mode_and_frozen_parts(tmp_path: Path) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path))
    frozen = trainer.actor.net.frozen.weight.clone()
    with torch.enable_grad():  # whatever ran before in this process
        trainer.train(1)
        assert torch.is_grad_enabled(), "although validation ran last"
    assert torch.equal(trainer.actor.net.frozen.weight, frozen)


def test_tensorboard_has_the_curves(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator").EventAccumulator
    trainer = build_trainer(RunOptions(workspace=tmp_path))
    trainer.train(2)
    for writer in trainer.tensorboard_writer.writer.values():
        writer.flush()
    events = accumulator(str(tmp_path / "tensorboard/ltr/tiny/test/val"))
    events.Reload()
    assert [event.step for event in events.Scalars("J")] == [1, 2]
    assert [event.value for event in events.Scalars("Loss/total")] == pytest.approx(
        trainer.stats["val"]["Loss/total"].history
    )


def test_tensorboard_has_a_point_at_every_tenth_iteration(tmp_path: Path) -> None:
    """From the tenth on, though the run stops long before its last epoch."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator").EventAccumulator
    trainer = build_trainer(RunOptions(workspace=tmp_path, max_iterations=23))
    trainer.train(100)
    events = accumulator(str(tmp_path / "tensorboard/ltr/tiny/test/train"))
    events.Reload()
    points = events.Scalars("Iteration/Loss/total")
    assert [event.step for event in points] == [10, 20]
    history = trainer.stats["train"]["Loss/total"].history
    assert points[0].value == pytest.approx((history[0] + history[1]) / 2), "two epochs of five iterations"
    assert [event.step for event in events.Scalars("Iteration/LearningRate/group0")] == [10, 20]
    assert [event.step for event in events.Scalars("Loss/total")] == [1, 2, 3, 4]


def test_the_bar_ends_where_the_run_was_asked_to_stop(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build_trainer(RunOptions(workspace=tmp_path, max_iterations=7), log_every_seconds=0.0).train(100)
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("train")]
    assert [line.split()[3] for line in lines] == ["1/5", "2/5", "3/5", "4/5", "5/5", "1/2", "2/2"]
    assert lines[-1].endswith("ETA 0:00:00")


def test_lines_instead_of_a_bar_where_there_is_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build_trainer(RunOptions(workspace=tmp_path), log_every_seconds=0.0).train(1)
    captured = capfd.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("train")]
    assert len(lines) == BATCHES
    shape = r"train, epoch 1/1: 2/5  Loss/total \d\.\d{4}  J \d\.\d{4}  \d+\.\d\d s/batch  ETA \d:\d\d:\d\d"
    assert re.fullmatch(shape, lines[1])
    assert "epoch 1/1: train Loss/total" in captured.out and "best val/J" in captured.out


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_picture_is_one_line(tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(data: TinyData, index: int) -> None:
        raise UserError(f"image {index}.jpg: cannot be decoded; restore the file")

    monkeypatch.setattr(TinyData, "__getitem__", draw)
    trainer = build_trainer(RunOptions(workspace=tmp_path), workers=workers)
    with pytest.raises(UserError) as caught:
        trainer.train(1)
    assert str(caught.value).strip() == "image 0.jpg: cannot be decoded; restore the file"


def test_an_unwritable_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"workspace .*file.*--workspace"):
        build_trainer(RunOptions(workspace=tmp_path / "file"))


def test_mistakes_of_a_train_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="best_stat 'test/J' names none"):
        build_trainer(RunOptions(workspace=tmp_path), best_stat="test/J")
    with pytest.raises(ValueError, match="must be positive"):
        TrainerConfig(fingerprint={}, checkpoint_every=0)
    loader = torch.utils.data.DataLoader([1, 2])
    loader.name = "train"
    with pytest.raises(ValueError, match=r"'train'.*ResumableBatchSampler"):
        check_loaders([loader], None)


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    build_trainer(RunOptions(workspace=tmp_path)).train(1)
    other = build_trainer(RunOptions(workspace=tmp_path))
    other.actor.net.head = torch.nn.Conv2d(8, 3, 1)
    with pytest.raises(UserError, match=r"tensor head.bias has shape \(2,\), the network needs \(3,\)"):
        other.train(2)


def test_weights_can_be_loaded_elsewhere(tmp_path: Path) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path))
    trainer.train(1)
    net = TinyNet()
    with safe_open(tmp_path / FOLDER / "TinyNet_best.safetensors", framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("net.")]  # noqa: SIM118
        net.load_state_dict({name.removeprefix("net."): file.get_tensor(name) for name in names}, strict=False)
    assert torch.equal(net.head.weight, trainer.actor.net.head.weight)
