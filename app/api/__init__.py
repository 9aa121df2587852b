"""Blueprints of `/api/v1`: schemas, endpoints, problem details."""
