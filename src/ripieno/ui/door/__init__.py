"""The door's edge: what Traefik asks about visitors, and what visitors see who are not let in."""
