"""The shapes of catalog documents, and the normalised form of one: `words`, `checks` made of them, whole `documents`."""

from app.catalog.schema.checks import CHECK_TYPES
from app.catalog.schema.documents import KINDS, LATER, alias_of, normalised

__all__ = ["CHECK_TYPES", "KINDS", "LATER", "alias_of", "normalised"]
