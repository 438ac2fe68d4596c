"""Whole notes: documents of many kinds, their mathematics in place, what is said of it."""
