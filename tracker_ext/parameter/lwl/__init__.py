"""Parameters of the LWL tracker."""
