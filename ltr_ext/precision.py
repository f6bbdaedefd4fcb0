"""Where bfloat16 pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively (AMX or AVX-512 BF16 on a CPU).

    Without it bfloat16 is imitated, and a training step of box2mask-lite takes eleven times as long as in float32.
    """
    import torch  # takes seconds, which a mistake in the options must not cost

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(known.get("amx_bf16") or known.get("avx512_bf16"))
