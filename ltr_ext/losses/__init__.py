"""Losses on mask logits: pure torch."""

from ltr_ext.losses.masks import bce_loss, lovasz_bce_loss, lovasz_loss

__all__ = ["bce_loss", "lovasz_bce_loss", "lovasz_loss"]
