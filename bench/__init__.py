"""Measurements: each script asks one question, starts real processes, ends them, and prints one JSON line.

Benches never assert; `rehearsal.py` is the one that judges. docs/benchmarks.md says how to read the lines.
"""
