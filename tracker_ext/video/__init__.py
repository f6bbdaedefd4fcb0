"""Frames and boxes in, masks and overlays out."""
