"""Clips and stills that are drawn on the user's machine: nothing is downloaded, and they are always the same."""
