"""Measuring, reading and showing results: metrics, frame sources, writers, data sets, reports."""
