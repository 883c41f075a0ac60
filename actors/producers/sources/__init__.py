"""The sources: one module per kind, found by its name.

A module has `SPEC` (actors/producers/spec.py) and either `connect` (a process of its own) or `receive` (an HTTP path of
the ingest). Its top level imports only small modules; a network library is imported in `connect`.
"""
