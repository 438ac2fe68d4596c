"""Text to tree: a printed formula as what stands where, with places and no meaning yet."""
