"""The program `stratus`: its options, its commands, and how it ends."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from stratus_cli import __version__
from stratus_cli.commands import account, approvals, batches, catalog, ordering, requests, tickets
from stratus_cli.exits import CODES, Exit, Stop
from stratus_cli.session import Session, environment

HELP = f"""Order what platform teams offer, watch it being built, and finish by hand what needs a person.

Begin with `stratus login`, look around with `stratus catalog list`, then `stratus order NAME`.

{CODES}
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="stratus")
@click.option(
    "--url", envvar="STRATUS_URL", metavar="URL", help="The portal; else the one you signed in to last. [STRATUS_URL]"
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    envvar="STRATUS_OUTPUT",
    help="How to show results. [STRATUS_OUTPUT]",
)
@click.option(
    "--timeout",
    "patience",
    type=click.FloatRange(min=0.1),
    default=30.0,
    metavar="SECONDS",
    help="How long to wait for an answer. [30]",
)
@click.pass_context
def cli(context: click.Context, url: str | None, output: str, patience: float) -> None:
    """See HELP."""
    # A token is no option: a command line is everybody's to read.
    context.obj = Session(url, environment("STRATUS_TOKEN"), output == "json", patience)
    context.meta["output"] = output
    if environment("NO_COLOR"):
        context.color = False


for _part in (account, catalog, ordering, batches, requests, tickets, approvals):
    for _command in _part.COMMANDS:
        cli.add_command(_command)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run it with the words of the command line, or those given, and end with its exit code."""
    try:
        code = cli.main(words, prog_name="stratus", standalone_mode=False)
    except Stop as stop:
        stop.show()
        code = stop.code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nInterrupted.", err=True)
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output had enough; Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(int(code or 0))


if __name__ == "__main__":
    main()
