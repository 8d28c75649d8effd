"""The subcommands, one module a noun; `catalogue` says which there are and where."""
