#!/usr/bin/env python3
"""Framewire's command line in a checkout (actors/cli.py): finds the Python that `make install` has set up."""

from __future__ import annotations

if __name__ == "__main__":
    from actors import interpreter

    interpreter.open_streams()
    interpreter.ensure()

    from actors import cli

    cli.run()
