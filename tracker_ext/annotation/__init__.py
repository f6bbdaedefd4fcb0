"""Whole data sets of boxes become data sets of masks."""
