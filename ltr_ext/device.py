"""The device on which a network runs, and the precision of its arithmetic.

torch is imported inside the functions, since the import takes seconds and mistakes in options should be reported at
once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "float32", "bfloat16"]
"""Arithmetic of the convolutions; "auto" chooses bfloat16 if the device multiplies it natively, otherwise float32."""
SHORT_PRECISIONS: dict[str, Precision] = {"fp32": "float32", "bf16": "bfloat16"}
"""The names of precisions on the command line."""


def best_device() -> str:
    """`cuda` if there is a GPU, otherwise `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def peak_memory() -> int:
    """Bytes that this process has had in memory at most."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes on macOS, kilobytes elsewhere


def check_precision(precision: str) -> None:
    """Check that a name is a `Precision`.

    Raises:
        ValueError: it is none.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision {precision!r} is unknown; known: {', '.join(get_args(Precision))}")


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively (on a CPU: with AMX or AVX-512 BF16).

    Without that, bfloat16 is emulated, and a training step of box2mask-lite takes eleven times as long as in float32.
    """
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(known.get("amx_bf16") or known.get("avx512_bf16"))


def uses_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Whether convolutions run in bfloat16 on this device."""
    return has_fast_bfloat16(device) if precision == "auto" else precision == "bfloat16"


def autocast(device: torch.device, bfloat16: bool) -> torch.autocast:
    """A context in which convolutions run in bfloat16 or, if `bfloat16` is false, in the precision of their inputs."""
    import torch

    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16)
