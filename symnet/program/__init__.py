"""Proved equations as a program of index equations, and the passes that make it fast."""
