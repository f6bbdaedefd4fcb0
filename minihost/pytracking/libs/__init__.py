"""Containers of tensors."""

from pytracking.libs.tensordict import TensorDict
from pytracking.libs.tensorlist import TensorList

__all__ = ["TensorDict", "TensorList"]
