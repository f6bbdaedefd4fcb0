"""Parameters of Cutie, through its own package."""
