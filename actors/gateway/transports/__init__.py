"""The transports of the conversation (actors/gateway/transport.py), one module each."""
