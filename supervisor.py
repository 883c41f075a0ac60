#!/usr/bin/env python3
"""Framewire's command line in a checkout, in the Python that `make install` has set up."""

from __future__ import annotations

if __name__ == "__main__":
    from actors import entry

    entry.open_streams()
    entry.ensure()
    entry.run()
