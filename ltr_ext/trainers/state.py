"""Conversion of the training state (network, optimizer, statistics, fingerprint) to tensors and JSON, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ltr.admin.stats import AverageMeter, StatValue
from torch import Tensor, nn

from ltr_ext.errors import UserError

NET_PREFIX = "net."
OPTIMIZER_PREFIX = "optimizer."


def net_tensors(net: nn.Module) -> dict[str, Tensor]:
    """The trainable parameters and the buffers, by the names of `state_dict`; frozen parameters are left out."""
    frozen = {name for name, parameter in net.named_parameters(remove_duplicate=False) if not parameter.requires_grad}
    return {name: tensor for name, tensor in net.state_dict().items() if name not in frozen}


def load_net(net: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy the tensors of a checkpoint into the network.

    Args:
        net: the network, which is changed in place; its frozen parameters stay.
        tensors: all tensors of the checkpoint, of which those named `net.<name>` are used.
        path: the checkpoint, for the message.

    Raises:
        UserError: a name is missing or unknown, or a shape differs.
    """
    check_tensors(net, tensors, path)
    net.load_state_dict(_saved(tensors), strict=False)


def check_tensors(net: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse tensors that do not fit the network; arguments and errors are those of `load_net`."""
    saved, wanted = _saved(tensors), net_tensors(net)
    for name in sorted(saved.keys() | wanted.keys()):
        shapes = [tuple(group[name].shape) if name in group else None for group in (saved, wanted)]
        if shapes[0] != shapes[1]:
            raise UserError(
                f"checkpoint {path}: tensor {name} has shape {shapes[0]}, the network needs {shapes[1]}; "
                "start anew with --fresh or choose another --workspace"
            )


def _saved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The network's tensors in a checkpoint, by their names in the network."""
    return {name.removeprefix(NET_PREFIX): value for name, value in tensors.items() if name.startswith(NET_PREFIX)}


def optimizer_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The optimizer's tensors, named `optimizer.<parameter number>.<key>`, and its other state as JSON values."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    values: dict[str, dict[str, Any]] = {}
    for number, entries in state["state"].items():
        for key, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"{OPTIMIZER_PREFIX}{number}.{key}"] = value
            else:
                values.setdefault(str(number), {})[key] = value
    return tensors, {"groups": state["param_groups"], "values": values}


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Restore the result of `optimizer_state`."""
    state: dict[int, dict[str, Any]] = {int(number): dict(entries) for number, entries in header["values"].items()}
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for name, value in tensors.items():
        if not name.startswith(OPTIMIZER_PREFIX):
            continue
        number, key = name.removeprefix(OPTIMIZER_PREFIX).split(".", 1)
        state.setdefault(int(number), {})[key] = value
    groups = []
    for saved, current in zip(header["groups"], optimizer.param_groups, strict=True):
        # JSON has no tuples, but Adam's betas are a tuple.
        groups.append({k: tuple(v) if isinstance(current.get(k), tuple) else v for k, v in saved.items()})
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    for parameter in parameters:
        for key, value in optimizer.state[parameter].items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.ndim:
                # The memory layout of an uninterrupted run, since another one would change the order of sums.
                optimizer.state[parameter][key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def stats_state(stats: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """The host's statistics as JSON values: {loader: {name: [kind, fields]}}."""
    return {
        loader: None if entries is None else {name: [_kind(meter), vars(meter)] for name, meter in entries.items()}
        for loader, entries in stats.items()
    }


def load_stats(stats: dict[str, Any], saved: Mapping[str, Any]) -> None:
    """Restore the result of `stats_state`."""
    for loader, entries in saved.items():
        stats[loader] = None
        if entries is None:
            continue
        stats[loader] = {}
        for name, (kind, fields) in entries.items():
            meter = AverageMeter() if kind == "average" else StatValue()
            vars(meter).update(fields)
            stats[loader][name] = meter


def _kind(meter: object) -> str:
    return "average" if isinstance(meter, AverageMeter) else "value"


def frozen_digest(net: nn.Module) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the frozen parameters, which checkpoints do not contain."""
    digest = hashlib.sha256()
    for name, parameter in sorted(net.named_parameters()):
        if not parameter.requires_grad:
            digest.update(name.encode())
            digest.update(parameter.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def check_fingerprint(saved: Mapping[str, Any], current: Mapping[str, Any], path: Path) -> None:
    """Refuse a checkpoint that was made by another recipe.

    Raises:
        UserError: fields differ; the message names them, and gives both values of the first few.
    """
    before, now = _flat(saved), _flat(json.loads(json.dumps(current)))
    names = [
        name for name in sorted(before.keys() | now.keys()) if before.get(name, _MISSING) != now.get(name, _MISSING)
    ]
    if names:
        shown = [
            f"{name} was {before.get(name, 'not set')!r}, is now {now.get(name, 'not set')!r}"
            for name in names[:SHOWN_IN_FULL]
        ]
        further = f"; also {', '.join(names[SHOWN_IN_FULL:])}" if len(names) > SHOWN_IN_FULL else ""
        raise UserError(
            f"checkpoint {path}: made with other settings ({'; '.join(shown)}{further}); "
            "start anew with --fresh or choose another --workspace"
        )


SHOWN_IN_FULL = 8
"""Number of differing fields for which a message gives both values; it only names the others."""
_MISSING = object()


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings into one, whose keys are joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
