"""Mathematics on paper: equations as Unicode text and as LaTeX, derivations as pages."""
