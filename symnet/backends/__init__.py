"""A program as the text of a file in some language."""
