"""Actors: each turns a batch into a loss and its statistics."""
