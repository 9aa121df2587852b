"""Blueprints of the pages."""
