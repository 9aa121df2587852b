"""Commands of `flask` about what is encrypted: `flask vault seal`, `flask vault rotate`.

What a command needs it imports when it runs: web processes know the commands and never run one.
"""

from collections import Counter
from collections.abc import Mapping

import click
from flask import current_app
from flask.cli import with_appcontext

from app import audit
from app.audit import Act
from app.extensions import db


@click.group("vault")
def vault_group() -> None:
    """What is encrypted under VAULT_KEYS."""


@vault_group.command("seal")
@with_appcontext
def seal() -> None:
    """Encrypt secret answers that an older version stored in clear. May be stopped, and run again; nothing need stand still."""
    from app.lifecycle.sealing import seal as seal_some

    counted: Counter[str] = Counter()
    for some in seal_some(db.engine, current_app.extensions["vault"]):
        counted.update(looked=some.looked, requests=some.requests, answers=some.answers)
    _note("vault.seal", counted)
    click.echo(f"{counted['answers']} answers of {counted['requests']} requests sealed, {counted['looked']} looked at")


@vault_group.command("rotate")
@with_appcontext
def rotate() -> None:
    """Encrypt everything anew under the first of VAULT_KEYS. May be stopped, and run again; nothing need stand still.

    Exits 1 when there is something that no key opens.
    """
    from app.rekey import CELLS, renew, renew_objects

    vault, counted = current_app.extensions["vault"], Counter[str]()
    work = {cells.name: renew(db.engine, vault, cells) for cells in CELLS}
    for name, each in {**work, "objects": renew_objects(db.engine, current_app.extensions["files"])}.items():
        before = counted.copy()
        for some in each:
            counted.update(renewed=some.cells, unreadable=some.unreadable)
        told = {kind: counted[kind] - before[kind] for kind in ("renewed", "unreadable")}
        if any(told.values()):
            click.echo(f"{name}: {told['renewed']} renewed, {told['unreadable']} that no key opens")
    _note("vault.rotate", counted)
    click.echo(f"{counted['renewed']} renewed, {counted['unreadable']} that no key opens")
    if counted["unreadable"]:
        raise SystemExit(1)


def _note(action: str, counted: Mapping[str, int]) -> None:
    audit.record(db.session.connection(), [Act("system", action, "vault", details=dict(counted))])
    db.session.commit()
