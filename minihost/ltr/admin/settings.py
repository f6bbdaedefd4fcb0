"""The settings object that a train setting gets."""

from __future__ import annotations

from typing import Any

from ltr.admin.environment import env_settings


class Settings:
    """The settings of a training run; train settings add attributes that the trainer reads, such as `device`."""

    env: Any
    """The paths, see `ltr.admin.environment`."""
    use_gpu: bool
    """Whether the first GPU is used, if there is one."""
    module_name: str
    script_name: str
    project_path: str
    """Folder of this setting inside the folders of checkpoints and logs."""

    def __init__(self) -> None:
        self.env = env_settings()
        self.use_gpu = True
