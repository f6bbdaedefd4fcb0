"""What a train setting is given."""

from __future__ import annotations

from typing import Any

from ltr.admin.environment import env_settings


class Settings:
    """Open record of one training; train settings add what the trainer reads (`device`, `print_interval`, ...)."""

    env: Any
    """Paths, see `ltr.admin.environment`."""
    use_gpu: bool
    """Use the first GPU, if there is one."""
    module_name: str
    script_name: str
    project_path: str
    """Folder of this setting below those of checkpoints and logs."""

    def __init__(self) -> None:
        self.env = env_settings()
        self.use_gpu = True
