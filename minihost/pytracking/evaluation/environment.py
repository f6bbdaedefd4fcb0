"""The paths of data sets and results; their values come from the module `pytracking.evaluation.local`."""

from __future__ import annotations

import importlib


class EnvSettings:
    """The paths of the tracking half; an empty string means "not set"."""

    def __init__(self) -> None:
        self.results_path = ""
        self.segmentation_path = ""
        self.network_path = ""
        self.result_plot_path = ""
        self.got10k_path = ""
        self.lasot_path = ""
        self.trackingnet_path = ""
        self.davis_dir = ""
        self.youtubevos_dir = ""
        self.got_packed_results_path = ""
        self.got_reports_path = ""
        self.tn_packed_results_path = ""


def env_settings() -> EnvSettings:
    """The settings of this machine."""
    return importlib.import_module("pytracking.evaluation.local").local_env_settings()
