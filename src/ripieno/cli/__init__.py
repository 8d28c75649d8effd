"""The `ripieno` command: one module a noun, and how their answers are shown."""
