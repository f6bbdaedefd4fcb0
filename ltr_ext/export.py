r"""Make a weight file from a training checkpoint.

    CHECKPOINTS=workspace/checkpoints/ltr
    python -m ltr_ext.export $CHECKPOINTS/box2mask/lite/Box2MaskNet_best.safetensors box2mask.safetensors
    python -m ltr_ext.export $CHECKPOINTS/lwl/lite/LWLNet_best.safetensors lwl.safetensors \
        --backbone weights/box2mask-lite.safetensors
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import UserError, run_command


def export_checkpoint(checkpoint_path: Path, weights_path: Path, backbone_file: Path | None = None) -> None:
    """Rebuild the trained network and write it without optimizer, in half precision.

    Args:
        checkpoint_path: a checkpoint of the trainer.
        weights_path: the .safetensors file to write; its folder exists.
        backbone_file: where the frozen backbone comes from, which checkpoints leave out: the weight file that training
            started from, or a ResNet-50 state dict. None: the ImageNet weights of the lite backbone.

    Raises:
        UserError: not a checkpoint, one trained on another backbone, or no folder to write to.
    """
    # these import the host
    from ltr_ext.trainers.checkpoint import read_checkpoint
    from ltr_ext.trainers.state import frozen_digest, load_net
    from ltr_ext.weights import NETWORKS, build_network, load_backbone_weights, load_network, save_network

    checkpoint = read_checkpoint(checkpoint_path)
    header = checkpoint.header
    fingerprint, name = header["fingerprint"], header["net_type"]
    if name not in NETWORKS:
        raise UserError(f"checkpoint {checkpoint_path} is of a {name}; can be exported: {', '.join(NETWORKS)}")
    if not weights_path.parent.is_dir():
        raise UserError(f"output folder {weights_path.parent} does not exist; create it")
    net = build_network(name, fingerprint["model"])
    trained = fingerprint.get("trained_backbone", [])
    if backbone_file is not None and backbone_file.suffix == ".safetensors":
        net.backbone.fold_batch_norm()
        net.backbone.load_state_dict(load_network(backbone_file).backbone.state_dict())
    else:
        load_backbone_weights(net, fingerprint["model"]["backbone"], backbone_file, fold=not trained)
        net.backbone.unfreeze(trained)
    if frozen_digest(net) != fingerprint["frozen"]:
        raise UserError(f"checkpoint {checkpoint_path} was trained on another backbone; name its file with --backbone")
    load_net(net, checkpoint.tensors, checkpoint_path)
    if trained:
        net.backbone.fold_batch_norm()
    notes = {key: fingerprint[key] for key in ("setting", "seed")} | {
        key: header[key] for key in ("iteration", "best", "torch")
    }
    partial = weights_path.with_suffix(".partial")
    save_network(net, partial, notes=notes)
    partial.chmod(0o644)  # safetensors writes for its owner alone
    partial.replace(weights_path)


def main() -> int:
    """Parse and export."""
    parser = argparse.ArgumentParser(
        prog="python -m ltr_ext.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="checkpoint of run_training.py")
    parser.add_argument("weights", type=Path, help="file to write")
    parser.add_argument("--backbone", type=Path, metavar="FILE", help="where the frozen backbone comes from")
    args = parser.parse_args()
    host.resolve()
    export_checkpoint(args.checkpoint, args.weights, args.backbone)
    from ltr_ext.weights import file_hash

    size = args.weights.stat().st_size / 1e6
    print(f"{args.weights}: {size:.1f} MB, hash {file_hash(args.weights)}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
