"""Data sets: whether they are complete, how they are split, and views of them for training."""
