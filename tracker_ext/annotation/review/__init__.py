"""Which masks to trust: measured, shown on a page, decided by a person."""
