"""What platform teams offer: one document's shape, the loader, the sync."""
