"""The process of the live streams: what happens to requests, told to whoever watches, over SSE and WebSocket."""
