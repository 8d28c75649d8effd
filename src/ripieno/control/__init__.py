"""The control plane: the only layer that joins the pure core and the world outside."""
