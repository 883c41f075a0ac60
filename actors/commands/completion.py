"""`completion SHELL`: what makes bash, zsh or fish complete the commands, their options and the names of processes."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from actors import commands

PROGRAM: Final = "supervisor.py"
VARIABLE: Final = "_SUPERVISOR_PY_COMPLETE"  # click looks for it by the program's name

WHERE: Final = {
    "bash": 'eval "$(./supervisor.py completion bash)"   # in ~/.bashrc, with the whole path',
    "zsh": 'eval "$(./supervisor.py completion zsh)"   # in ~/.zshrc, after compinit, with the whole path',
    "fish": "./supervisor.py completion fish > ~/.config/fish/completions/supervisor.py.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(WHERE.values()))
@click.argument("shell", type=click.Choice(list(WHERE)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what SHELL has to run in order to complete this program's commands."""
    found = get_completion_class(shell)
    assert found is not None, "click knows the three"
    root = ctx.find_root().command
    assert isinstance(root, commands.CommandLine)
    click.echo(found(root, {}, PROGRAM, VARIABLE).source())
