"""Train settings of the systems that are choices of cues."""
