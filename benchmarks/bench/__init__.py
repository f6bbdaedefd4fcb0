"""`make bench`: measures all speed targets in one run; see `__main__`."""
