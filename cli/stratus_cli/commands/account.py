"""Who calls: signing in and out, `whoami`, and completion for shells."""

import sys
from collections.abc import Mapping

import click
from click.shell_completion import get_completion_class

from stratus_cli import device, home
from stratus_cli.exits import Exit, Stop
from stratus_cli.portal import Portal, path
from stratus_cli.session import Session, command
from stratus_cli.text import facts


@click.command()
@click.option("--device", "by_device", is_flag=True, help="Confirm in a browser instead of giving a token.")
@click.option(
    "--issuer",
    envvar="STRATUS_ISSUER",
    metavar="URL",
    help="The sign-in provider, where the portal does not say. [STRATUS_ISSUER]",
)
@click.option("--client-id", envvar="STRATUS_CLIENT_ID", metavar="ID", help="Client of this program there. [STRATUS_CLIENT_ID]")
@click.option(
    "--token",
    "given",
    metavar="TOKEN",
    help="The token; `-` reads it from standard input. Others may see a command line: prefer the question.",
)
@command
def login(session: Session, by_device: bool, issuer: str | None, client_id: str | None, given: str | None) -> None:
    """Sign in to a portal and keep the token, readable by you alone.

    Make a token on the page of your account, or let --device ask the sign-in provider. Without --token you are asked for it.
    STRATUS_TOKEN in the environment needs no login.
    """
    where = session.address
    kept = device.sign_in(where, issuer, client_id, session.patience) if by_device else {"token": _token(session, given)}
    me = Portal(where, kept["token"], session.patience).get("/me")
    file = home.keep(where, kept)
    session.show(me, lambda: [f"Signed in to {where} as {me['name']} ({me['user_id']}). The token is in {file}."])


@click.command()
@click.option("--keep-token", is_flag=True, help="Do not revoke the token at the portal.")
@command
def logout(session: Session, keep_token: bool) -> None:
    """Forget the token. One that `login --device` made is revoked as well."""
    where = session.address
    kept = home.load().portals.get(where)
    if kept is None:
        click.echo(f"You are not signed in to {where}.")
        return
    home.forget(where)
    click.echo(f"Signed out of {where}.{_revoked(session, where, kept) if kept.get('token_id') and not keep_token else ''}")


@click.command()
@command
def whoami(session: Session) -> None:
    """Show who you are and which teams you are in."""
    portal = session.portal()
    me = portal.get("/me")
    pairs = [("user", me["user_id"]), ("name", me["name"]), ("e-mail", me["email"]), ("teams", ", ".join(me["teams"]) or None)]
    session.show(me, lambda: facts([*pairs, ("administrator", me["is_admin"]), ("portal", portal.url)]))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes your shell complete commands, options and names of the catalog.

    For bash: eval "$(stratus completion bash)" in ~/.bashrc.
    """
    found = get_completion_class(shell)
    assert found is not None, "click knows these shells"
    click.echo(found(context.find_root().command, {}, "stratus", "_STRATUS_COMPLETE").source())


def _token(session: Session, given: str | None) -> str:
    text = sys.stdin.readline() if given == "-" else given or session.token
    if text is None and not sys.stdin.isatty():
        raise Stop(Exit.INVALID, "There is no terminal to ask for the token: use --token -, or STRATUS_TOKEN.")
    token: str = text if text is not None else click.prompt("Access token", hide_input=True)
    token = token.strip()
    if not token or not token.isascii() or any(one.isspace() for one in token):
        raise Stop(Exit.INVALID, "This is no token.")
    return token


def _revoked(session: Session, where: str, kept: Mapping[str, str]) -> str:
    try:
        Portal(where, kept["token"], session.patience).delete(path("tokens", kept["token_id"]))
    except Stop as stop:
        return f" The token could not be revoked: {stop.message}"
    return " The token is revoked."


COMMANDS = (login, logout, whoami, completion)
