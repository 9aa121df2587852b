"""How web processes hand connections over to the process of the live streams."""
