"""The story's order, as Sarah's client posts it."""

from typing import Any

STORY: dict[str, Any] = {
    "catalog_bundle": "full-stack-web-app",
    "version": "2.1.0",
    "bundle_parameters": {"solution_name": "customer-portal", "enable_ha": True},
    "item_parameters": {
        "eks-container-app": {
            "app_name": "customer-portal-api",
            "environment": "staging",
            "replicas": 3,
            "app_type": "web-frontend",
        },
        "postgres-database": {
            "database_name": "customer_portal_db",
            "instance_class": "db.t3.medium",
            "allocated_storage": 250,
            "backup_retention": 14,
        },
        "redis-cache": {"enabled": True, "cache_size": "cache.t3.micro"},
        "application-monitoring": {"enabled": True},
    },
    "requester": {"user_id": "sarah-123", "team": "customer-experience", "email": "sarah@example.com"},
}
