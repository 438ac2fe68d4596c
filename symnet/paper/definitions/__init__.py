"""Pages whose quantities are their own, as those of batch norm: systems of definitions."""
