"""The JSON Schema of items, bundles and quotas, made from the same models that load them, for editors and `/api/v1/schemas`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.catalog.quotas import Quotas
from app.catalog.schema import KINDS
from app.core.fields.model import ALIASES, TYPES
from app.core.shapes import Shape
from app.core.step_params import NOTHING_TO_UNDO, STEP_PARAMS, VERIFICATIONS, step_types

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODELS: Mapping[str, type[Shape]] = {**KINDS, "quotas": Quotas}
"""What documents of each kind are: entries, and `quotas.yaml`."""
TITLES = {"item": "Stratus catalog item", "bundle": "Stratus catalog bundle", "quotas": "Stratus quotas"}
# An expression stands wherever a template's value is not text by itself.
EXPRESSION = {"type": "string", "pattern": r"\{\{|\{%"}


def json_schema(kind: str) -> dict[str, Any]:
    """The schema of one kind of document, `item`, `bundle` or `quotas`. Raises KeyError for another kind."""
    schema = MODELS[kind].model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    if kind in KINDS:
        _complete(definitions)
    plain = {name: _untitled(definition) for name, definition in sorted(definitions.items())}
    return {"$schema": DIALECT, **_untitled(schema), "title": TITLES[kind], "$defs": plain}


def _complete(definitions: dict[str, Any]) -> None:
    """What follows from the types of steps and fields, which the models of entries do not say."""
    definitions["Step"]["allOf"] = [_of_type(step_type, definitions) for step_type in step_types()]
    definitions["Step"]["properties"]["type"] = {"enum": step_types()}
    undoing = [step_type for step_type in step_types() if step_type != "TerraformFile"]
    definitions["Rollback"]["allOf"] = [_of_type(step_type, definitions, verified=False) for step_type in undoing]
    definitions["Rollback"]["properties"]["type"] = {"enum": [NOTHING_TO_UNDO, *undoing]}
    for name in {"Field", "Input", "Element"} & set(definitions):
        definitions[name]["properties"]["type"] = {"enum": [*ALIASES, *TYPES]}


def write(folder: Path) -> list[Path]:
    """Writes the schema of each kind into `folder`, as `<kind>.json`; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{kind}.json" for kind in MODELS]
    for path in paths:
        path.write_text(text(path.stem))
    return paths


def text(kind: str) -> str:
    """The schema of one kind as it lies in `docs/schema/`."""
    return json.dumps(json_schema(kind), indent=1, ensure_ascii=False) + "\n"


def _untitled(schema: Any) -> Any:
    """A schema without the titles that Pydantic makes of names: editors would show `Max Length` for `max_length`."""
    if isinstance(schema, list):
        return [_untitled(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key != "title"}
    return {
        key: {name: _untitled(inner) for name, inner in value.items()} if key in ("properties", "$defs") else _untitled(value)
        for key, value in kept.items()
    }


def _of_type(step_type: str, definitions: dict[str, Any], *, verified: bool = True) -> dict[str, Any]:
    """What follows for `template` and `verification` from the step's type."""
    then: dict[str, Any] = {"template": _reference(STEP_PARAMS[step_type], definitions, templated=True)}
    if verified and (verifications := VERIFICATIONS[step_type]):
        then["verification"] = {"oneOf": [_reference(shape, definitions) for shape in verifications]}
    return {"if": {"properties": {"type": {"const": step_type}}}, "then": {"properties": then}}


def _reference(model: Any, definitions: dict[str, Any], *, templated: bool = False) -> dict[str, str]:
    """A reference to the schema of `model`, which is added to the definitions with all it needs."""
    schema = model.model_json_schema(by_alias=True)
    for name, inner in {**schema.pop("$defs", {}), model.__name__: schema}.items():
        definitions[name] = _templated(inner) if templated else inner
    return {"$ref": f"#/$defs/{model.__name__}"}


def _templated(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of a template: each property may be an expression instead."""
    properties = {
        name: {"anyOf": [EXPRESSION, inner], **({"default": inner["default"]} if "default" in inner else {})}
        for name, inner in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else dict(schema)
