"""The training side of box2mask: networks, losses, data, actors, trainer and train settings."""
