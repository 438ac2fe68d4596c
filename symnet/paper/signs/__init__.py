"""What signs say in any book: scripts, functions, derivatives, dots."""
