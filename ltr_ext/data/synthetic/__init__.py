"""Synthetic video, made of photographs with masks."""
