"""Stand-in for the training half of the host: the names our extension uses, with the same surface."""

from ltr.admin.model_constructor import model_constructor
from ltr.admin.multigpu import MultiGPU

__all__ = ["MultiGPU", "model_constructor"]
