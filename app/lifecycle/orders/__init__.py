"""From an order to a stored request: looked at from all sides, judged, written."""
