"""Actors: from a batch to a loss and its statistics."""
