"""Actors."""

from ltr.actors.base_actor import BaseActor

__all__ = ["BaseActor"]
