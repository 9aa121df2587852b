"""Pages of requests, and the words in which they say how a request stands."""
