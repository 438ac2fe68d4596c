"""Whole notes: documents of many kinds, their mathematics in place, and what is to be said of it."""
