"""Pages on which an order comes about: its form, review, drafts, templates and twin."""
