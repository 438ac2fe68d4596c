"""How derivations are written: terms as text and LaTeX, the pages that are made of them."""
