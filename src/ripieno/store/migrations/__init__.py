"""How the tables came to be what they are, a revision a change."""
