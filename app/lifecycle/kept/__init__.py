"""Orders that are kept to go on with: drafts and templates."""
