"""Frozen records and their validation: what every other layer speaks. Nothing here has effects."""
