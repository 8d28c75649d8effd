"""The door: how routes are opened to browsers."""
