"""Adapters: raw messages → events. Pure; one module per kind of raw message.

An adapter answers two questions, and keeps nothing between them:

    category(body) -> Category | None    the producer asks it, to choose a lane, before anything is stored. It must be
                                         cheap and may be generous: critical whenever the body *may* become a critical
                                         event. None: this will never be an event (counted as ignored, not sent).
    normalize(item, producer, pgen) -> list[Event]
                                         the normalizer asks it. Raises BadInput with what came, what was expected and
                                         where; a message that means nothing is an empty list.

Adding a source is one module here, one line in ADAPTERS, and one test.
"""
