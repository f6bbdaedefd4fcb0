"""Parameter modules of the fake tracker."""
