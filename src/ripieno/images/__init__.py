"""Reading what a registry knows of an image, without pulling it."""
