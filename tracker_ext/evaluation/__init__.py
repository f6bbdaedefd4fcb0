"""Scoring: data sets, stored results, metrics, reports, the paper's tables, the fit of the confidence."""
