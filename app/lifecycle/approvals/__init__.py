"""People who must agree before anything is built."""
