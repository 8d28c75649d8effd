"""Ripieno: register applications, deploy them and rearrange them while they run."""

__version__ = "0.1.0"
