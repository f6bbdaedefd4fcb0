"""`make bench`: every promise about speed, measured in one run; see `__main__`."""
