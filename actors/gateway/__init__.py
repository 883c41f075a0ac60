"""The gateway: the only process that a browser, an overlay or an operator's page talks to.

server.py    main: the port, the routes, the timers
hub.py       all connected overlays, and what they share
bus.py       frames in, receipts out, questions asked
feed.py      frames in order, whatever the bus lost; what the present is
conversation.py  carries out core/delivery/conversation.py for one connection
transport.py what a transport does; transports/ has one module for each (WebSocket, SSE, poll)
overlay.py   one connected overlay: what was handed to its transport, what waits
encoding.py  how messages look to the overlays of one key
fanout.py    groups of overlays that want the same bytes; one encoding per group
catchup.py   overlays that are behind, page by page, until live
pages.py     Host and Origin checks, headers, static files
emit.py      the command that puts events in
api.py       status, quarantine, why, health, metrics
"""
