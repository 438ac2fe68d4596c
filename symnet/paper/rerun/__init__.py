"""A refuted formula as a few lines of NumPy that show it fail."""
