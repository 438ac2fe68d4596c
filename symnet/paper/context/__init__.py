"""What a page says beside its claims: symbols, functions, widths, samples."""
