"""From a tree to claims, each tried at numbers and proved in general."""
