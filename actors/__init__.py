"""Framewire: live events travel from games and platforms to overlays on a stream.

Two promises: a critical event that was accepted is never lost, whatever is killed; nothing is late because something
unimportant was in the way.

              accepted                        ordered, durable                             a cursor per overlay
    source ─▶ producer ══▶ normalizer ══▶ queue-manager ══▶ broadcaster ══PUB══▶ gateway(s) ──WebSocket──▶ overlay
              outbox.db    (stateless)    log.db     ▲                            │   ▲ repairs gaps           │
                 ▲                          │        └────────── inbox ───────────┘   │ from log.db            │
                 └──── marks (PUB/SUB) ◀────┘                                         └─ receipt: drawn to N ◀─┘
    ══ two links on every hop: critical, and the rest.    supervisor: starts, watches and restarts all, over pipes

Packages
    core/         decisions; pure: no socket, clock, process, file, randomness, logging
      contract/     events, their taxonomy, frames, messages of the protocol
      queue/        order, lanes, ledger, derived events, cadence
      delivery/     a producer's window, positions and gaps, slow clients
      supervision/  kinds of processes, restarts, health, reload
    adapters/     raw messages → events; pure; one module per kind of raw message
    producers/    processes that accept events; link.py is what they share
    stores/       SQLite: the outbox of a producer, the critical log; the marks of suspects
    gateway/      the tornado server: pages, sockets, fan-out, repair, api
    supervision/  the process tree, one child, its meters, the guardian, the control socket
    commands/     one module per command of the operator
    normalizer.py queue_manager.py broadcaster.py    the actors between producers and gateways
    heartbeat.py reactor.py aio.py committer.py      what every actor's loop is made of
    entry.py cli.py program.py    where the program starts, the root of its commands, its name and its files
    config.py errors.py host.py wire.py logs.py tokens.py    settings, exceptions, operating systems, sockets …

Glossary
    raw message   what a source sent: one JSON object, one log line
    event         one thing that happened, in the contract's words (core/contract/event.py)
    category      critical, normal, cosmetic or state; the lane of an event
    the rest      what is not critical
    accepted      a critical raw message that is fsynced in an outbox; the promise starts here
    pseq          the number of a raw message in its producer's outbox: durable, without gaps, never reused
    envelope      what one raw message became: events, or a rejection
    entry         what one transaction of the log writes
    position      the place of a critical event in the log: without gaps, from 1
    top           the last position in the log
    epoch         the identity of a log; positions of different epochs have nothing to do with each other
    generation    which opening of a store; a later one is larger, and fences off the ones before
    mark          how far a producer's messages are in the log (its watermark), and what is missing
    frame         what leaves in one tick; a batch of events
    ledger        the account of every event: each ends in exactly one bucket
    coalesce      merge events with equal keys into one that carries their count
    drop          give up an event for want of room, by a stated rule, counted
    reject        refuse a malformed message; it is quarantined, readable
    dead-letter   reject a message that killed a normalizer three times
    receipt       an overlay's word that everything up to a position is drawn
    catch-up      an overlay that fell behind is fed from the log until it is live again
    child         a process of the supervisor; incarnation: one life of it
    heartbeat    what a child says each second; it proves that its loop turns
    tick          what a loop does between two waits; busy share: how much of the time it does not wait
    budget        what a process may use; exceeding it is logged, raises an alert, or restarts it
    alert         something that an operator should know now (core/supervision/health.py has all of them)
    reload        take a changed configuration while running
"""

__version__ = "0.1.0"
