"""Trees to arrays of terms: each kind of node, and what it means in a network."""
