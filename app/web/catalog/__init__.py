"""Pages of what is on offer."""
