"""Make a weight file from a training checkpoint.

python -m ltr_ext.export workspace/checkpoints/ltr/box2mask/lite/Box2MaskNet_best.safetensors weights/my.safetensors
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import UserError, run_command


def export_checkpoint(checkpoint_path: Path, weights_path: Path, pretrained_file: Path | None = None) -> None:
    """Rebuild the trained network and write it without optimizer, in half precision.

    Args:
        checkpoint_path: a checkpoint of the trainer.
        weights_path: the .safetensors file to write.
        pretrained_file: weights of the frozen ResNet-50, which checkpoints leave out; not needed for the lite networks.

    Raises:
        UserError: not a checkpoint, or one of another backbone file.
    """
    # these import the host
    from ltr_ext.trainers.checkpoint import read_checkpoint
    from ltr_ext.trainers.state import frozen_digest, load_net
    from ltr_ext.weights import NETWORKS, build_network, load_backbone_weights, save_network

    checkpoint = read_checkpoint(checkpoint_path)
    fingerprint, name = checkpoint.header["fingerprint"], checkpoint.header["net_type"]
    if name not in NETWORKS:
        raise UserError(f"checkpoint {checkpoint_path} is of a {name}; can be exported: {', '.join(NETWORKS)}")
    net = build_network(name, fingerprint["model"])
    load_backbone_weights(net, fingerprint["model"]["backbone"], pretrained_file)
    if frozen_digest(net) != fingerprint["frozen"]:
        raise UserError(
            f"checkpoint {checkpoint_path} was trained on other backbone weights; give them with --backbone"
        )
    load_net(net, checkpoint.tensors, checkpoint_path)
    notes = {
        "setting": fingerprint["setting"], "seed": fingerprint["seed"], "iteration": checkpoint.header["iteration"],
        "best": checkpoint.header["best"], "torch": checkpoint.header["torch"],
    }  # fmt: skip
    if not weights_path.parent.is_dir():
        raise UserError(f"output folder {weights_path.parent} does not exist; create it")
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
    parser.add_argument("--backbone", type=Path, metavar="FILE", help="weights of the frozen ResNet-50")
    args = parser.parse_args()
    host.resolve()
    export_checkpoint(args.checkpoint, args.weights, args.backbone)
    from ltr_ext.weights import file_hash

    size = args.weights.stat().st_size / 1e6
    print(f"{args.weights}: {size:.1f} MB, hash {file_hash(args.weights)}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
