"""Losses on mask logits, in pure PyTorch."""

from ltr_ext.losses.crf import crf_loss
from ltr_ext.losses.masks import bce_loss, lovasz_bce_loss, lovasz_loss, lovasz_sigmoid_loss
from ltr_ext.losses.mil import mil_loss

__all__ = ["bce_loss", "crf_loss", "lovasz_bce_loss", "lovasz_loss", "lovasz_sigmoid_loss", "mil_loss"]
