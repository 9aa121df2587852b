"""Pages of the manual queue and of the engine, for the platform team."""
