"""Benchmarks: each script answers one question with real processes, and prints one JSON line.

Benchmarks never assert; only `rehearsal.py` checks results. docs/benchmarks.md explains the lines.
"""
