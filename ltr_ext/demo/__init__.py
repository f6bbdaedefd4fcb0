"""Clips and stills drawn on the machine: nothing downloaded, always the same."""
