"""Boxes drawn and masks mended in a browser: `run_editor.py`."""
