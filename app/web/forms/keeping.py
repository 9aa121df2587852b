"""What a posted form brings that no page may carry again: secrets, held for their person under a handle, and files, uploaded.

A page that shows the form once more has a mask where a secret was typed, and the id of the upload where a file was chosen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict

from app.core.fields import ABSENT, Field
from app.core.fields.attaching import judge_content, spoken_size
from app.core.secrecy import MASK
from app.errors import Fault, Invalid, TooLarge, Unavailable
from app.lifecycle import secrets
from app.lifecycle.caller import Caller
from app.lifecycle.files import uploads
from app.reader import reader
from app.transaction import transaction
from app.web.forms.answers import AnswerField, holds_file
from app.web.forms.nested import NUMBER, ROW, rows_of, with_added
from app.web.forms.order import HELD, OrderForm
from app.web.parts import files, settings

Path = tuple[str | int, ...]
DROP = "drop."
"""Before the name of a file: the box that leaves it out."""


def arrived(made: type[OrderForm], caller: Caller, *, keeps: bool) -> OrderForm:
    """The form that was posted just now, its secrets concealed. keeps: also keep the files that it brings.

    Faults of the files are the form's `arrived`, besides those that the order is found to have.
    """
    answers, faults = with_added(MultiDict(request.form), request.form.get("do", "")), []
    if keeps:
        for section in made.sections:
            for one in section.asked:
                faults += (
                    _files(answers, one, section.name_of(one), (*section.path, one.name), caller) if holds_file(one) else []
                )
    form = made(formdata=answers)
    form.arrived = faults
    form.held, form.kept = _held(caller)
    conceal(form, form.kept)
    _name_files(form, caller)
    return form


def _held(caller: Caller) -> tuple[str, Mapping[str, Any]]:
    """The handle that was posted and what is kept under it; neither where it is of no use."""
    handle = request.form.get(HELD, "")
    if not handle:
        return "", {}
    with transaction() as unit:
        kept = secrets.held(unit.connection, unit.vault, caller.person.id, request.path, handle)
    return (handle, kept) if kept else ("", {})


def conceal(form: OrderForm, kept: Mapping[str, Any]) -> None:
    """Let the form show masks for its secrets from now on; those that came back masked are what was `kept`."""
    for field in _secrets_of(form):
        field.conceal(kept.get(field.name))


def hold(form: OrderForm, caller: Caller) -> None:
    """Keep the form's secrets under a handle, which its pages carry; nothing to do where they are kept already."""
    typed = {field.name: field.concealed for field in _secrets_of(form) if field.concealed is not ABSENT}
    typed = {name: value for name, value in typed.items() if value != MASK}
    if typed == form.kept:
        return
    with transaction() as unit:
        form.held = secrets.hold(unit.connection, unit.vault, caller.person.id, request.path, typed) if typed else ""
    form.kept = typed


def missed(form: OrderForm, faults: Sequence[Fault]) -> list[Fault]:
    """What is wrong with an order whose files are not all taken: that of a file counts, not that its answer is missing."""
    places = {one.path for one in form.arrived}
    return [*form.arrived, *(one for one in faults if one.path not in places)]


def _secrets_of(form: OrderForm) -> list[AnswerField]:
    return [field for field in form if isinstance(field, AnswerField) and field.secret is not None]


def _files(answers: MultiDict[str, str], field: Field, name: str, path: Path, caller: Caller) -> list[Fault]:
    """Put the uploads that were made of the files chosen for a field among its answers, or say what is wrong with them.

    Of a list or an object those of its rows and parts. A row in which a file was chosen counts, even if the file does not.
    """
    if field.type == "file":
        return _file(answers, field, name, path, caller)
    faults: list[Fault] = []
    for one in field.fields or ():
        faults += _files(answers, one, f"{name}.{one.name}", (*path, one.name), caller) if holds_file(one) else []
    if field.of is not None and holds_file(field.of):
        chosen = _rows_with_files(name)
        answers.setlist(ROW + name, list(dict.fromkeys([*answers.getlist(ROW + name), *map(str, chosen)])))
        found = {row: _files(answers, field.of, f"{name}.{row}", (), caller) for row in chosen}
        places = {row: place for place, row in enumerate(rows_of(field, name, answers))}
        faults += [one.under(*path, places[row]) for row, all_ in found.items() if row in places for one in all_]
    return faults


def _rows_with_files(name: str) -> list[int]:
    """The rows of a list for which a file was chosen, or is to be left out."""
    chosen = [key for key, one in request.files.items() if one.filename]
    chosen += [key.removeprefix(DROP) for key in request.form if key.startswith(DROP)]
    numbers = {key[len(name) + 1 :].partition(".")[0] for key in chosen if key.startswith(f"{name}.")}
    return sorted(int(number) for number in numbers if NUMBER.fullmatch(number))


def _file(answers: MultiDict[str, str], field: Field, name: str, path: Path, caller: Caller) -> list[Fault]:
    """The same for one file."""
    chosen = request.files.get(name)
    if answers.get(DROP + name):
        answers.setlist(name, [])
    if chosen is None or not chosen.filename:
        return []
    answers.setlist(name, [])
    try:
        upload_id, faults = _kept(chosen, field, caller)
    except (TooLarge, Invalid, Unavailable) as error:
        return [Fault(path, error.code, _words(error))]
    answers.setlist(name, [upload_id] if upload_id else [])
    return [Fault(path, one.code, one.message, one.limits) for one in faults]


def _kept(chosen: FileStorage, field: Field, caller: Caller) -> tuple[str, Sequence[Fault]]:
    limit = settings().max_upload_bytes
    received = uploads.receive(chosen.stream, limit)  # type: ignore[arg-type]  # Werkzeug's own name for a binary stream
    with received.content:
        if faults := judge_content(field, received.size, received.media_type, is_text=received.is_text):
            return "", faults
        return uploads.keep(transaction, files(), caller, chosen.filename or "", received).upload_id, ()


def _words(error: TooLarge | Invalid | Unavailable) -> str:
    """What stands at the field. A form of many answers does not end because one file could not be kept."""
    if isinstance(error, Unavailable):
        return f"could not be kept: choose it again. {error.message}"
    limit = spoken_size(settings().max_upload_bytes)
    return f"may have at most {limit}" if isinstance(error, TooLarge) else "must not be an empty file"


def _name_files(form: OrderForm, caller: Caller) -> None:
    """Let the form know how the files are called that its answers name."""
    asked = [one for one in form if isinstance(one, AnswerField) and one.uploads]
    ids = [upload_id for one in asked for upload_id in one.uploads]
    known = uploads.known(reader(), caller, ids) if ids else {}
    form.files = {upload_id: one.shown for upload_id, one in known.items()}
    for one in asked:
        one.files = form.files
