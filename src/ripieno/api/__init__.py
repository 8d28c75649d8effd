"""The HTTP edge: what is asked over HTTP becomes a use case, and its answer a response."""
