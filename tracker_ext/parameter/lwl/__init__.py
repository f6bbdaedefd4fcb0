"""The parameter modules of the LWL tracker."""
