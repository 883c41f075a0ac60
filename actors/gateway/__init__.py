"""The gateway: the only process that overlays, dashboards and other pages connect to.

server.py    main: the port, the routes, the timers
hub.py       all connected overlays, and their shared state
access.py    the tokens: who may connect
connections.py  open connections by address, and their limits
attendance.py   which overlays are here, and which have left
flags.py     what the flags mean for an overlay
bus.py       receives frames, sends receipts, sends questions
feed.py      frames in order, with gaps filled from the log; the current state
conversation.py  carries out core/delivery/conversation.py for one connection
transport.py the interface of a transport; transports/ has one module for each (WebSocket, SSE, poll)
overlay.py   one connected overlay: its position, the bytes that wait for its transport
encoding.py  messages in the format of a group of overlays
fanout.py    groups of overlays that receive the same bytes; one encoding per group
catchup.py   overlays that are behind receive pages of the log until they are live
pages.py     Host and Origin checks, headers, static files
preload.py   the pages, with links to all of their modules
emit.py      requests to the ingest: events, and commands to applications
api.py       status, quarantine, why, health, metrics
"""
