"""Scores and plots of box files."""
