"""Scores and plots from box files."""
