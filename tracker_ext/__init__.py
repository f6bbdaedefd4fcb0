"""The tracking side of box2mask: trackers, parameters, evaluation, annotation."""
