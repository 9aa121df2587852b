"""Presentation fields: one set of rules for the form, the API, the loader and the tickets of people."""

from app.core.fields.checking import Checked, check, check_default, judged, settled, unknown_fields, with_blanks
from app.core.fields.kinds import ABSENT, Absent, from_text, to_text
from app.core.fields.model import TYPES, Choice, Field

__all__ = [
    "ABSENT",
    "TYPES",
    "Absent",
    "Checked",
    "Choice",
    "Field",
    "check",
    "check_default",
    "from_text",
    "judged",
    "settled",
    "to_text",
    "unknown_fields",
    "with_blanks",
]
