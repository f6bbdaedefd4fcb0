"""The training loop: exact resume, atomic checkpoints, clean stops."""
