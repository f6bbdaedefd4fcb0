"""Write `upstream.json` and `upstream.npz`, what the tests that run without upstream compare with.

    PYTRACKING_HOME=... BOX2MASK_HOST=upstream PYTHONPATH=. python tests/ltr_ext/upstream_weights/make_fixture.py

Names and shapes of upstream's networks' tensors, and some of the logits that upstream gives with `drawn_state`
weights on `draw_clip` pictures.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from ltr_ext import host

host.resolve("upstream")

from upstream_networks import NETWORKS, STEP, build_upstream, draw_clip, lwl_masks, to_upstream  # noqa: E402

HERE = Path(__file__).parent


@torch.no_grad()
def main() -> None:
    nets = {kind: build_upstream(kind) for kind in NETWORKS}
    shapes = {
        kind: {name: list(tensor.shape) for name, tensor in net.state_dict().items()} for kind, net in nets.items()
    }
    extra = {name: shape for name, shape in shapes["lwl_boxinit"].items() if name not in shapes["lwl_stage2"]}
    assert shapes["lwl_boxinit"] == shapes["lwl_stage2"] | extra
    shapes["lwl_boxinit"] = extra
    (HERE / "upstream.json").write_text(json.dumps(shapes, separators=(",", ":")).replace('],"', '],\n"') + "\n")
    logits = {}
    for num_frames in (1, 3):
        images, boxes = draw_clip(num_frames, 2)
        coarse, refined = nets["sta"](to_upstream(images), boxes)
        logits[f"sta_{num_frames}"] = torch.stack((coarse, refined))
    images, _ = draw_clip(3, 2)
    inputs = to_upstream(images).contiguous()
    logits["lwl"] = nets["lwl_stage2"](inputs[:1], inputs[1:], lwl_masks(), None, num_refinement_iter=0)
    np.savez_compressed(
        HERE / "upstream.npz", **{name: maps[..., ::STEP, ::STEP].numpy() for name, maps in logits.items()}
    )


if __name__ == "__main__":
    main()
