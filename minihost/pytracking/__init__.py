"""Stand-in for upstream's tracking half: containers, data sets, runner, result files, analysis."""

from pytracking.libs import TensorDict, TensorList

__all__ = ["TensorDict", "TensorList"]
