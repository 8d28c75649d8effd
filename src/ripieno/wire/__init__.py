"""What goes over HTTP: request and response schemas, shared by `api` and `client`."""
