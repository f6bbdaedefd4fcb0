"""The dense CRF: what looks alike agrees, and nothing else is touched."""

from __future__ import annotations

import torch

from ltr_ext.models.dense_crf import sharpen


def halves() -> torch.Tensor:
    """A picture that is red on the left, green on the right."""
    image = torch.zeros(3, 64, 96)
    image[0, :, :48] = 200
    image[1, :, 48:] = 200
    return image


def test_a_few_wrong_pixels_follow_their_like() -> None:
    logits = torch.full((64, 96), -2.0)
    logits[:, :48] = 2.0
    logits[20:26, 60:66] = 0.5  # an island in the other half
    logits[40:44, 20:24] = -0.5  # a hole
    logits[:, 48:50] = 0.3  # over the edge
    found = sharpen(logits, halves())
    assert torch.equal(found > 0, (torch.arange(96) < 48).expand(64, 96))


def test_without_strength_nothing_changes() -> None:
    logits = torch.randn(48, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(sharpen(logits, halves()[:, :48, :64], strength=0.0), logits)


def test_an_even_picture_has_no_edge_to_go_to() -> None:
    """Where all looks alike, both sides of a mask are treated alike: the mirrored logits give the mirrored result."""
    logits = torch.randn(64, 96, generator=torch.Generator().manual_seed(0))
    even = torch.full((3, 64, 96), 90.0)
    assert torch.allclose(sharpen(-logits, even), -sharpen(logits, even), atol=1e-3)
