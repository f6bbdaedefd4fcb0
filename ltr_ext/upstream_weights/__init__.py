"""Weight files of visionml/pytracking: read without executing anything in them, and written for it to read."""
