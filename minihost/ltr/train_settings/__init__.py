"""An empty package; extensions append the folders of their train settings to its `__path__`."""
