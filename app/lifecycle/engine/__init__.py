"""How steps come to be run and recorded: claims, results, what follows from them, what time does."""
