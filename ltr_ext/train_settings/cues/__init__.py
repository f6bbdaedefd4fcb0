"""Train settings of the systems that combine cues."""
