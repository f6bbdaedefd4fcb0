"""Empty; `__path__` is extended by whoever has train settings."""
