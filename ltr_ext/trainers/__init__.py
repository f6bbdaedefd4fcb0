"""The training loop, with exact resume, atomic checkpoints and clean stops."""
