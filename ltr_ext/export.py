r"""Make a weight file from a training checkpoint.

    CHECKPOINTS=workspace/checkpoints/ltr
    python -m ltr_ext.export $CHECKPOINTS/box2mask/lite/Box2MaskNet_best.safetensors box2mask.safetensors
    python -m ltr_ext.export $CHECKPOINTS/lwl/lite/LWLNet_best.safetensors lwl.safetensors \
        --backbone weights/box2mask-lite.safetensors

A file whose name ends in .pth.tar gets the format of visionml/pytracking, so that pytracking's STA helper and LWL
tracker can run it. This is possible for networks on a ResNet-50:

    python -m ltr_ext.export $CHECKPOINTS/box2mask/default/Box2MaskNet_best.safetensors sta.pth.tar \
        --backbone e2e_mask_rcnn_R_50_FPN_1x_converted.pkl

An existing file is replaced only if --overwrite is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltr_ext import host
from ltr_ext.digest import file_hash
from ltr_ext.errors import CommandLine, UserError, run_command

if TYPE_CHECKING:
    from ltr_ext.weights import Network

ENDINGS = {"safetensors": (".safetensors",), "upstream": (".pth.tar", ".pth")}
"""The endings of file names by format."""


def format_of(weights_path: Path) -> str:
    """The format that belongs to the ending of a file's name.

    Raises:
        UserError: the ending is that of no format, so that the file may well be something else.
    """
    for file_format, endings in ENDINGS.items():
        if weights_path.name.endswith(endings):
            return file_format
    raise UserError(
        f"{weights_path}: no name of a weight file; end it in .safetensors, or in .pth.tar for pytracking's format"
    )


def check_target(weights_path: Path, checkpoint_path: Path, overwrite: bool) -> None:
    """Refuse a file that must not be written.

    Args:
        weights_path: the file to write.
        checkpoint_path: the file to read, which is never overwritten.
        overwrite: whether other existing files may be overwritten.

    Raises:
        UserError: the file exists and may not be overwritten, is a folder, or its folder does not exist.
    """
    if not weights_path.parent.is_dir():
        raise UserError(f"output folder {weights_path.parent} does not exist; create it")
    if weights_path.is_dir():
        raise UserError(f"{weights_path}: is a folder; name a file")
    if not weights_path.exists():
        return
    if checkpoint_path.exists() and weights_path.samefile(checkpoint_path):
        raise UserError(f"{weights_path}: is the checkpoint itself; name another file to write")
    if not overwrite:
        raise UserError(f"{weights_path}: exists; name another file, or replace it with --overwrite")


def export_checkpoint(
    checkpoint_path: Path,
    weights_path: Path,
    backbone_file: Path | None = None,
    *,
    file_format: str = "safetensors",
    num_frames: int = 1,
    overwrite: bool = False,
) -> None:
    """Rebuild a trained network, and write it without the state of the optimizer.

    Args:
        checkpoint_path: a checkpoint of the trainer.
        weights_path: the file to write.
        backbone_file: the source of the frozen backbone, which checkpoints do not contain: the weight file with which
            training started, or a ResNet-50 state dict. None means the ImageNet weights of the lite backbone.
        file_format: "safetensors" (our format, in half precision) or "upstream" (that of pytracking, in full
            precision).
        num_frames: number of boxed frames for which a file in pytracking's format is exact, see
            `ltr_ext.upstream_weights.networks.exported_state`.
        overwrite: whether an existing file is replaced.

    Raises:
        UserError: the file is not a checkpoint, the network was trained on another backbone or does not exist in
            pytracking, or the output file may not be written (see `check_target`).
    """
    check_target(weights_path, checkpoint_path, overwrite)
    # Imported here since these modules import the host.
    from ltr_ext.upstream_weights.networks import check_exportable
    from ltr_ext.upstream_weights.writer import save_upstream
    from ltr_ext.weights import save_network

    net, notes = rebuild(checkpoint_path, backbone_file, check_exportable if file_format == "upstream" else None)
    if file_format == "upstream":
        save_upstream(net, weights_path, num_frames=num_frames)
        return
    save_network(net, weights_path, notes=notes)


def rebuild(
    checkpoint_path: Path, backbone_file: Path | None, check: Callable[[Network], None] | None = None
) -> tuple[Network, dict[str, Any]]:
    """Rebuild the network of a training checkpoint.

    Args:
        checkpoint_path: a checkpoint of the trainer.
        backbone_file: see `export_checkpoint`.
        check: is called with the untrained network, which it may refuse, before the backbone is read.

    Returns:
        The network with folded batch statistics; and the setting, seed, iteration, best score and PyTorch version of
        its training.

    Raises:
        UserError: see `export_checkpoint`.
    """
    from ltr_ext.trainers.checkpoint import read_checkpoint, require_entries
    from ltr_ext.trainers.state import frozen_digest, load_net
    from ltr_ext.weights import NETWORKS, build_network, load_backbone_weights, load_network

    checkpoint = read_checkpoint(checkpoint_path)
    header = checkpoint.header
    require_entries(header, ("fingerprint", "net_type", "iteration", "best", "torch"), checkpoint_path)
    fingerprint, name = header["fingerprint"], header["net_type"]
    require_entries(fingerprint, ("model", "frozen", "setting", "seed"), checkpoint_path)
    if name not in NETWORKS:
        raise UserError(f"checkpoint {checkpoint_path} is of a {name}; can be exported: {', '.join(NETWORKS)}")
    try:
        net = build_network(name, fingerprint["model"])
    except ValueError as error:
        raise UserError(f"checkpoint {checkpoint_path} cannot be exported: {error}; name another one") from error
    trained = fingerprint.get("trained_backbone", [])
    if check is not None:
        check(net)
    backbone = net.config.backbone
    if backbone_file is not None and backbone == "efficientnet_lite0" and backbone_file.suffix != ".safetensors":
        raise UserError(f"--backbone {backbone_file}: is no weight file of a lite network; name a .safetensors file")
    if backbone_file is not None and backbone_file.suffix == ".safetensors":
        net.backbone.fold_batch_norm()
        given = load_network(backbone_file).backbone.state_dict()
        expected = {key: tensor.shape for key, tensor in net.backbone.state_dict().items()}
        if {key: tensor.shape for key, tensor in given.items()} != expected:
            raise UserError(f"--backbone {backbone_file}: holds another backbone; name what training started from")
        net.backbone.load_state_dict(given)
    else:
        load_backbone_weights(net, backbone, backbone_file, fold=not trained)
        net.backbone.unfreeze(trained)
    if frozen_digest(net) != fingerprint["frozen"]:
        raise UserError(f"checkpoint {checkpoint_path} was trained on another backbone; name its file with --backbone")
    load_net(net, checkpoint.tensors, checkpoint_path)
    if trained:
        net.backbone.fold_batch_norm()
    notes = {key: fingerprint[key] for key in ("setting", "seed")} | {
        key: header[key] for key in ("iteration", "best", "torch")
    }
    return net, notes


def main() -> int:
    """Parse the command line and export."""
    parser = CommandLine(
        prog="python -m ltr_ext.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="checkpoint of run_training.py")
    parser.add_argument("weights", type=Path, help="file to write: NAME.safetensors, or NAME.pth.tar for pytracking")
    parser.add_argument("--overwrite", action="store_true", help="replace the file to write if it exists")
    parser.add_argument("--format", choices=tuple(ENDINGS), help="default: as the name ends (.pth, .pth.tar: upstream)")
    parser.add_argument(
        "--frames",
        metavar="T",
        type=int,
        default=1,
        help="format upstream: number of boxed frames for which the file is exact, where our network averages over "
        "frames and pytracking sums (default %(default)s, what its STA helper uses)",
    )
    parser.add_argument("--backbone", type=Path, metavar="FILE", help="where the frozen backbone comes from")
    args = parser.parse_args()
    if args.frames < 1:
        raise UserError(f"--frames {args.frames}: must be at least 1")
    named = format_of(args.weights)
    chosen = args.format or named
    if chosen != named:
        raise UserError(f"{args.weights}: the name does not fit --format {chosen}; end it in " + (
            ".pth.tar" if chosen == "upstream" else ".safetensors"))  # fmt: skip
    host.resolve()
    export_checkpoint(
        args.checkpoint, args.weights, args.backbone,
        file_format=chosen, num_frames=args.frames, overwrite=args.overwrite,
    )  # fmt: skip

    size = args.weights.stat().st_size / 1e6
    print(f"{args.weights}: {size:.1f} MB, hash {file_hash(args.weights)}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
