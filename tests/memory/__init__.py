"""The interfaces of actors/interfaces.py in memory: for tests of the contract, and for deterministic simulation."""
