"""Commands of `flask`: `flask catalog validate [PATH]`, `flask catalog sync`, `flask catalog schema FOLDER`.

What a command needs it imports when it runs: web processes know the commands and never run one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext

from app.extensions import db

if TYPE_CHECKING:
    from app.catalog.loader import CatalogFault

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group("catalog")
def catalog_group() -> None:
    """What platform teams offer: check a folder, bring it into the database."""


@catalog_group.command("validate")
@click.argument("path", type=FOLDER, required=False)
@with_appcontext
def validate(path: Path | None) -> None:
    """Check the catalog in PATH (default: CATALOG_PATH). Needs no database; exits 1 when there is a fault."""
    from app.catalog.loader import load

    root = path or _catalog_path()
    catalog = load(root)
    _tell(root, catalog.faults)
    click.echo(
        f"{_count(len(catalog.entries), 'sound entry', 'sound entries')}, {_count(len(catalog.faults), 'fault', 'faults')}"
    )
    if catalog.faults:
        raise SystemExit(1)


@catalog_group.command("sync")
@click.option("--commit", help="Git commit that the catalog is at, kept with every new version.")
@with_appcontext
def sync(commit: str | None) -> None:
    """Bring the catalog in CATALOG_PATH into the database. Sound entries are taken; exits 1 when there is a fault."""
    from app.catalog.loader import load
    from app.catalog.sync import faults_of, known_versions
    from app.catalog.sync import sync as write_catalog

    root = _catalog_path()
    catalog = load(root, known=known_versions(db.session))
    row = write_catalog(db.session, catalog, source=str(root), commit=commit)
    told = f"{row.added} added, {row.changed} changed, {row.unchanged} unchanged, {row.retired} retired"
    faults = faults_of(db.session, row)
    db.session.commit()
    _tell(root, faults)
    click.echo(f"{told}, {_count(len(faults), 'fault', 'faults')}")
    if faults:
        raise SystemExit(1)


@catalog_group.command("schema")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def schema(folder: Path) -> None:
    """Write the JSON Schema of items and bundles into FOLDER, for editors."""
    from app.catalog import json_schema

    for path in json_schema.write(folder):
        click.echo(str(path))


def _catalog_path() -> Path:
    path: Path = current_app.config["SETTINGS"].catalog_path
    if not path.is_dir():
        raise click.ClickException(f"CATALOG_PATH {path} is not a folder")
    return path


def _tell(root: Path, faults: Sequence[CatalogFault]) -> None:
    for fault in faults:
        click.echo(str(dataclasses.replace(fault, path=str(root / fault.path))), err=True)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
