"""Synthetic video from photographs with masks."""
