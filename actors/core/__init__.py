"""Decisions, and nothing else: no socket, clock, process, file, randomness or logging.

Time is an argument (`now_s`, monotonic seconds; `*_ms`, wall clock milliseconds), so that the same
input at the same times gives the same output, byte for byte.
"""
