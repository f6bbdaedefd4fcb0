"""The paper's tables, measured here beside the paper's own numbers."""

NUM_FRAMES = 9
"""The paper's T in inference (section 4.1)."""
DAVIS_INTERVAL = 5
"""The paper's D on DAVIS, frames."""
