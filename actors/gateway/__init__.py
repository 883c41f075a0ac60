"""The gateway: the only process that a browser, an overlay or an operator's page talks to.

server.py    main: the port, the routes, the timers
hub.py       everybody who is connected, and what they share
bus.py       frames in, receipts out, questions asked
feed.py      frames in order, whatever the bus lost; what the present is
overlay.py   one connected overlay: what was handed to its socket, what waits
fanout.py    groups of overlays that want the same bytes; one encoding per group
catchup.py   whoever is behind, page by page, until live
sockets.py   the WebSocket conversation
pages.py     doors (Host, Origin), headers, static files
emit.py      the command that puts events in
api.py       status, quarantine, why, health, metrics
"""
