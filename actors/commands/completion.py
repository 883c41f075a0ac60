"""`completion SHELL`: completion of commands, options and names of processes in bash, zsh and fish."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from actors import commands, program

PROGRAM: Final = program.NAME.removeprefix("./")
VARIABLE: Final = (
    f"_{PROGRAM.upper().replace('.', '_')}_COMPLETE"  # the name that click derives from the program's name
)

PATH: Final = ", with the whole path" if program.CHECKOUT else ""
WHERE: Final = {
    "bash": f'eval "$({program.NAME} completion bash)"   # in ~/.bashrc{PATH}',
    "zsh": f'eval "$({program.NAME} completion zsh)"   # in ~/.zshrc, after compinit{PATH}',
    "fish": f"{program.NAME} completion fish > ~/.config/fish/completions/{PROGRAM}.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(WHERE.values()))
@click.argument("shell", type=click.Choice(list(WHERE)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL."""
    found = get_completion_class(shell)
    assert found is not None, "click knows the three"
    root = ctx.find_root().command
    assert isinstance(root, commands.CommandLine)
    click.echo(found(root, {}, PROGRAM, VARIABLE).source())
