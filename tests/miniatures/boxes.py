"""GOT-10k, LaSOT, TrackingNet: one box per frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from miniatures.shapes import SIZE_HW, draw_clip, write_lines, write_picture, write_text

RESIZED = ("GOT-10k_Val_000136", "GOT-10k_Val_000137")
"""Their pictures change size in mid-clip."""
OTHER_SIZES = {RESIZED[0]: (48, 64), RESIZED[1]: (80, 120)}
"""(height, width) of their second half."""
META_INFO = """[METAINFO]
url: https://youtu.be/{name}
begin: 00:00:27
end: 00:00:37
anno_fps: 10Hz
object_class: JetSki
motion_class: driving
major_class: watercraft
root_class: vehicle
motion_adverb: swiftly
resolution: ({width}, {height})
"""


def got10k_names(split: str, sequences: int) -> list[str]:
    """`GOT-10k_Train_000001`, ...; `val` ends with the two whose size changes."""
    names = [f"GOT-10k_{split.capitalize()}_{i:06d}" for i in range(1, sequences + 1)]
    return [*names, *RESIZED] if split == "val" else names


def make_got10k(
    root: str | Path, *, splits: Sequence[str] = ("train", "val", "test"), sequences: int = 3, frames: int = 6
) -> Path:
    """`<root>/<split>/{list.txt,<sequence>/{%08d.jpg,groundtruth.txt,*.label,meta_info.ini}}`, frames from 1.

    `train` and `val`: in sequence 2 the object is away on frame 3 (absence 1, cover 0, its last box kept) and half
    covered on frame 4; in sequence 3 it is cut by the picture's border on the last frame. `val` has
    `GOT-10k_Val_000136` and `_000137`, of other size in their second half. `test`: the first box only, no labels.

    Args:
        root: folder that `got10k_dir` names.
        splits: of "train", "val", "test".
        sequences: per split, the two of `val` not counted.
        frames: per sequence, at least 5.
    """
    root = Path(root)
    for split in splits:
        names = got10k_names(split, sequences)
        for name in names:
            _write_got10k_sequence(root / split / name, frames, labelled=split != "test")
        write_lines(root / split / "list.txt", names)
    return root


def _write_got10k_sequence(folder: Path, frames: int, labelled: bool) -> None:
    name = folder.name
    away = {2} if name.endswith("000002") and labelled else set()
    other = OTHER_SIZES.get(name, SIZE_HW)
    sizes = [SIZE_HW if t < frames // 2 else other for t in range(frames)]
    cut = frozenset({frames - 1} if name.endswith("000003") else ())
    clip = draw_clip(name, frames, sizes=sizes, absent={1: away}, cut=cut)
    boxes: list[tuple[float, ...]] = []
    for t, frame in enumerate(clip):
        write_picture(folder / f"{t + 1:08d}.jpg", frame.image)
        boxes.append(boxes[-1] if t in away else frame.box())
    lines = [",".join(f"{side:.4f}" for side in box) for box in boxes]
    write_lines(folder / "groundtruth.txt", lines if labelled else lines[:1])
    height, width = sizes[0]
    if not labelled:
        return
    covered = {3: 4} if away else {}
    write_lines(folder / "absence.label", [int(t in away) for t in range(frames)])
    write_lines(folder / "cover.label", [0 if t in away else covered.get(t, 8) for t in range(frames)])
    write_lines(folder / "cut_by_image.label", [int(t in cut) for t in range(frames)])
    write_text(folder / "meta_info.ini", META_INFO.format(name=name, height=height, width=width))


LASOT_SEQUENCES = ("airplane-1", "airplane-2", "bear-2", "bear-3")
"""The first and the third are of the test set."""


def make_lasot(
    root: str | Path,
    *,
    names: Sequence[str] = LASOT_SEQUENCES,
    testing: Sequence[str] = ("airplane-1", "bear-2"),
    frames: int = 12,
) -> Path:
    """`<root>/<class>/<class>-<n>/{img/%08d.jpg,groundtruth.txt,full_occlusion.txt,out_of_view.txt,nlp.txt}`.

    Flags on one line, commas between. On frame 3 (from 1) the object is fully occluded, on frame 4 out of view; both
    have the box 0,0,0,0. `training_set.txt` and `testing_set.txt` list the sequences of this copy.

    Args:
        root: folder that `lasot_dir` names.
        names: of the sequences, `<class>-<n>`.
        testing: those of them that are not for training.
        frames: per sequence, at least 4.
    """
    root = Path(root)
    for name in names:
        folder = root / name.rsplit("-", 1)[0] / name
        clip = draw_clip(name, frames, absent={1: {2, 3}})
        for t, frame in enumerate(clip):
            write_picture(folder / "img" / f"{t + 1:08d}.jpg", frame.image)
        write_lines(folder / "groundtruth.txt", [",".join(f"{side:.0f}" for side in frame.box()) for frame in clip])
        write_text(folder / "full_occlusion.txt", ",".join(str(int(t == 2)) for t in range(frames)))
        write_text(folder / "out_of_view.txt", ",".join(str(int(t == 3)) for t in range(frames)))
        write_text(folder / "nlp.txt", f"{name.rsplit('-', 1)[0]} that moves")
    write_lines(root / "testing_set.txt", [name for name in names if name in testing])
    write_lines(root / "training_set.txt", [name for name in names if name not in testing])
    return root


TRACKINGNET_VIDEOS = ("Nf1aqv5Fg5o_0", "AAB6lO-XiKE_0", "AACM71csS-Q_0")
"""Of the real training sets: pytracking looks up the class of every video it reads."""


def make_trackingnet(
    root: str | Path, *, sets: Sequence[int] = (0, 1), sequences: int = 2, frames: int = 12, test: bool = True
) -> Path:
    """`<root>/TRAIN_<k>/{anno/<video>.txt,frames/<video>/<i>.jpg}`, `TEST` with the first box only; frames from 0.

    Args:
        root: folder that `trackingnet_dir` names.
        sets: numbers of the training sets.
        sequences: per set, at most three.
        frames: per sequence; above ten, the order of the names is not that of the numbers.
        test: whether to write `TEST`.
    """
    root = Path(root)
    for part in [f"TRAIN_{number}" for number in sets] + ["TEST"] * test:
        for name in TRACKINGNET_VIDEOS[:sequences]:
            clip = draw_clip(f"{part} {name}", frames)
            for t, frame in enumerate(clip):
                write_picture(root / part / "frames" / name / f"{t}.jpg", frame.image)
            lines = [",".join(f"{side:.2f}" for side in frame.box()) for frame in clip]
            write_lines(root / part / "anno" / f"{name}.txt", lines[:1] if part == "TEST" else lines)
    return root
