"""The words and texts that documents of the catalog are made of. Pure."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.core.durations import parse_duration
from app.core.fields.patterns import compile_pattern
from app.core.versions import check_range, check_version


def _version(text: str) -> str:
    if message := check_version(text):
        raise ValueError(message)
    return text


def _range(text: str) -> str:
    if message := check_range(text):
        raise ValueError(message)
    return text


def _duration(text: str) -> str:
    parse_duration(text)
    return text


def _pattern(text: str) -> str:
    compile_pattern(text)
    return text


def _pause(text: str) -> str:
    if not parse_duration(text):
        raise ValueError("must be at least 1s")
    return text


Line = Annotated[str, Field(min_length=1, max_length=200)]
Prose = Annotated[str, Field(min_length=1, max_length=20_000)]
Version = Annotated[str, AfterValidator(_version)]
Range = Annotated[str, AfterValidator(_range)]
Duration = Annotated[str, AfterValidator(_duration)]
Pause = Annotated[Duration, AfterValidator(_pause)]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]
# Names of steps, fields and aliases stand in expressions, where a hyphen would be a minus.
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]
Role = Literal["administrator"]
Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=50)]
OutputType = Literal["string", "textarea", "integer", "int", "number", "percentage", "boolean", "date", "datetime", "time"]
