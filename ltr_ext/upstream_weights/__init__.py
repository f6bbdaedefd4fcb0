"""Reads weight files of visionml/pytracking, without executing anything in them, and writes such files."""
