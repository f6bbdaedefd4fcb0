"""The paths on this machine. Hyper-parameters belong in a train setting or a parameter module instead.

The values come from `settings/paths.toml` (which is not under version control; copy `paths.example.toml`), or from the
file named by the environment variable `BOX2MASK_SETTINGS`. Without a file the defaults hold, which are enough for the
demo and for training on generated data.

In an installed wheel, the settings file is `~/.config/box2mask/paths.toml`, and results are written to the current
folder. The folders that lie beside `ltr_ext` in a checkout lie inside it there: `minihost/`, `settings/` with the
example, and `weights/` as `shipped/`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from ltr_ext.errors import UserError
from ltr_ext.program import INSTALLED
from ltr_ext.text import unknown

_PACKAGE = Path(__file__).resolve().parent
REPOSITORY = _PACKAGE.parent
"""The folder that holds `ltr_ext` and `tracker_ext`."""
HOSTS = _PACKAGE if INSTALLED else REPOSITORY
"""The folder that holds `minihost/` and, in a checkout, may hold the submodule `pytracking/`."""
EXAMPLE_FILE = HOSTS / "settings" / "paths.example.toml"
SETTINGS_VARIABLE = "BOX2MASK_SETTINGS"
HOST_TABLE = "host"


def default_file() -> Path:
    """The settings file that is read if `BOX2MASK_SETTINGS` names none; it need not exist."""
    if not INSTALLED:
        return REPOSITORY / "settings" / "paths.toml"
    named = os.environ.get("XDG_CONFIG_HOME", "")
    folder = named if os.path.isabs(named) else os.path.expanduser("~/.config")
    return Path(folder) / "box2mask" / "paths.toml"


def _written_to(name: str) -> Path:
    """The default of a folder to which commands write."""
    return (Path.cwd() if INSTALLED else REPOSITORY) / name


@dataclass(frozen=True, kw_only=True)
class Paths:
    """All paths that the project uses; `None` means "not set".

    Only `require` raises a `UserError`, so that a path that is not used need not exist.
    """

    source: Path = field(default_factory=default_file)
    """The file from which the values come, or would come if it existed."""

    workspace_dir: Path = field(default_factory=lambda: _written_to("workspace"))
    """Checkpoints and TensorBoard logs of training."""
    results_dir: Path = field(default_factory=lambda: _written_to("results"))
    """Boxes, masks, plots and tables that the commands write."""
    weights_dir: Path = _PACKAGE / "shipped" if INSTALLED else REPOSITORY / "weights"
    """Trained networks (.safetensors)."""

    images_dir: Path | None = None
    """Photographs with id masks, `<name>.jpg` and `<name>.png` in any sub-folder, for synthetic training video."""
    backgrounds_dir: Path | None = None
    """Photographs without objects of interest, for synthetic training video."""
    youtubevos_dir: Path | None = None
    """YouTube-VOS: the folder that holds `2019/train`, `2019/valid`."""
    davis_dir: Path | None = None
    """DAVIS 2017: the folder that holds `JPEGImages/480p`, `Annotations/480p`, `ImageSets`."""
    davis16_dir: Path | None = None
    """DAVIS 2016, same layout, one object per video."""
    davis_testdev_dir: Path | None = None
    """DAVIS 2017 test-dev, same layout."""
    got10k_dir: Path | None = None
    """GOT-10k: the folder that holds `train`, `val`, `test`."""
    lasot_dir: Path | None = None
    """LaSOT: the folder that holds one folder per class."""
    trackingnet_dir: Path | None = None
    """TrackingNet: the folder that holds `TRAIN_0` .. `TRAIN_11`, `TEST`."""
    vot2020_dir: Path | None = None
    """VOT2020: the folder that holds `list.txt` and one folder per sequence (the VOT toolkit's `sequences`)."""
    segtrack_dir: Path | None = None
    """SegTrack v2: the folder that holds `JPEGImages`, `GroundTruth`."""
    youtube_objects_dir: Path | None = None
    """YouTube-Objects: the folder that holds `youtube_masks` (masks of Jain and Grauman) and the frames."""
    youtubevos_masks_dir: Path | None = None
    """Pseudo masks of YouTube-VOS: `<sequence>/<frame>.png`, whose pixel values are object ids."""
    got10k_masks_dir: Path | None = None
    """Pseudo masks of GOT-10k: `<sequence>/%08d.png`, pixels 0 and 1, as the host's Got10kVOS reads them."""
    lasot_masks_dir: Path | None = None
    """Pseudo masks of LaSOT: `<class>-<n>/%08d.png`, pixels 0 and 1, as the host's LasotVOS reads them."""
    clips_dir: Path | None = None
    """Your own clips with masks, in DAVIS layout: `{JPEGImages,Annotations}/480p/<seq>` (data set `clips`)."""
    boxclips_dir: Path | None = None
    """Your own clips with boxes, in GOT-10k layout: `<seq>/*.jpg`, `<seq>/groundtruth.txt` (data set `boxclips`)."""
    pretrained_dir: Path | None = None
    """Weight files of others (`sta.pth.tar`, `lwl_stage2.pth`, Mask R-CNN backbone)."""

    host: Mapping[str, str] = field(default_factory=dict)
    """Further attributes of the host's own settings, for those of its data sets that we do not use (table `[host]`)."""

    @property
    def file_to_edit(self) -> str:
        """The settings file in words, for messages; if it does not exist, with the example of which to make a copy."""
        return f"{self.source}" if os.path.isfile(self.source) else f"{self.source} (a copy of {EXAMPLE_FILE})"

    def require(self, name: str, *, needed_for: str) -> Path:
        """Return a path that must be set.

        Args:
            name: a field of this class.
            needed_for: what needs the path, for the message.

        Raises:
            UserError: the path is not set, or does not exist.
        """
        value = getattr(self, name)
        if value is None:
            raise UserError(f"{name} is not set, but {needed_for} needs it: set {name} in {self.file_to_edit}")
        if not value.exists():
            raise UserError(f"{name}: {value} does not exist, but {needed_for} needs it: correct it in {self.source}")
        return value


PATH_FIELDS = tuple(f.name for f in fields(Paths) if f.name not in ("source", HOST_TABLE))


def load_paths() -> Paths:
    """Read the settings file.

    Relative paths are relative to the folder of the file; `~` is the home folder.

    Raises:
        UserError: the file named by `BOX2MASK_SETTINGS` is missing, or the file is not TOML, has an unknown name, or a
            value that is not a string.
    """
    named = os.environ.get(SETTINGS_VARIABLE)
    source = Path(os.path.expanduser(named)).resolve() if named else default_file()
    if not os.path.isfile(source):  # or it lies in a folder that may not be read
        if named:
            raise UserError(f"{SETTINGS_VARIABLE}: {source} is not a file; name a TOML file or unset the variable")
        return Paths()
    try:
        entries = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"settings file {source} cannot be read: {error}; see {EXAMPLE_FILE}") from error
    host = entries.pop(HOST_TABLE, {})
    if not isinstance(host, dict):
        raise UserError(f"{source}: {HOST_TABLE} is {host!r}; it must be a table, [{HOST_TABLE}]")
    for name in sorted(set(entries) - set(PATH_FIELDS)):
        raise UserError(f"{source}: {name}: {unknown(name, PATH_FIELDS)}")
    for name, value in [*entries.items(), *host.items()]:
        if not isinstance(value, str) or not value or "\0" in value:
            raise UserError(f'{source}: {name} is {value!r}; it must be a path in quotes, such as {name} = "/data"')
    paths = {name: _path_in(source, value) for name, value in entries.items()}
    return Paths(source=source, host={name: str(_path_in(source, value)) for name, value in host.items()}, **paths)


def _path_in(source: Path, value: str) -> Path:
    """The absolute path of a value in a settings file."""
    return (source.parent / os.path.expanduser(value)).resolve()
