"""Masks on disk to the formats of other programs: `run_export.py`."""
