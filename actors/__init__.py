"""Framewire: live events travel from games and platforms to overlays on a stream.

Two promises: a critical event that was accepted is never lost, whichever process is killed; best-effort events never
delay critical ones.

              accepted                        ordered, durable                             a cursor per overlay
    source ─▶ producer ══▶ normalizer ══▶ queue-manager ══▶ broadcaster ══PUB══▶ gateway(s) ──WebSocket──▶ overlay
              outbox.db    (stateless)    log.db     ▲                            │   ▲ repairs gaps           │
                 ▲                          │        └────────── inbox ───────────┘   │ from log.db            │
                 └──── marks (PUB/SUB) ◀────┘                                         └─ receipt: rendered to N ◀┘
    ══ two links on every hop: critical and best effort.    supervisor: starts, monitors and restarts all, over pipes

Packages
    core/         decisions; pure: no socket, clock, process, file, randomness, logging
      contract/     events, their taxonomy, frames, messages of the protocol
      queue/        sequencer, lanes, ledger, derived events, cadence
      delivery/     a producer's window, positions and gaps, slow, stalled and lost clients
      sources/      states of sources, signatures of webhooks, the protocol of OBS
      supervision/  kinds of processes, restarts, health, reload
    adapters/     raw messages → events; pure; one module per kind of raw message
    producers/    processes that accept events; link.py is shared by them
    stores/       SQLite: the outbox of a producer, the critical log; the marks of suspects; recovery; purge
    gateway/      the tornado server: pages, sockets, fan-out, repair, api
    supervision/  the process tree, one child, its meters, the template, the guardian, the control socket
    commands/     one module per command of the operator
    normalizer.py queue_manager.py broadcaster.py    the actors between producers and gateways
    interfaces.py    what an actor is given: links, stores, a loop; wire.py and stores/ implement them
    heartbeat.py reactor.py aio.py committer.py      the parts of every actor's loop
    http_server.py websocket_server.py    what both servers have in common: the bounds of connections
    entry.py cli.py program.py    the entry point, the root of the commands, the program's name and files
    config.py errors.py host.py wire.py logs.py tokens.py    settings, exceptions, operating systems, sockets …

Glossary
    source         a game, platform or program that reports events
    producer       a process that accepts the raw messages of sources: the ingest, or the process of one source
    raw message    one message of a source: one JSON object, one log line
    adapter        maps raw messages of one kind to events
    event          one thing that happened, as the contract defines it (core/contract/event.py)
    category       critical, normal, cosmetic or state
    best effort    not critical
    lane           critical or best effort; between two processes each lane has a link of its own
    link           a named ZeroMQ connection from one kind of process to another
    outbox         the file in which a producer stores critical raw messages before it answers the source
    accepted       a critical raw message that is fsynced in an outbox; the promise starts here
    pseq           the number of a raw message in its producer's outbox: durable, without gaps, never reused
    window         raw messages that a producer has sent and that are not yet in the log
    envelope       the result of one raw message: events, or a rejection
    sequencer      admits critical messages in order and assigns positions
    entry          the content of one transaction of the log
    position       the number of a critical event in the log: without gaps, from 1
    top            the last position in the log
    epoch          the identity of a log; positions of different epochs are unrelated
    generation     the number of an opening of a store (a fencing token); a larger one fences off earlier ones
    watermark      the number up to which all messages of a producer are in the log
    mark           a watermark and the first missing number of a producer
    frame          the message of one tick: a batch of events
    ledger         the counts of all events: each event ends in exactly one bucket
    history        the recorded path of one event (`why ID`)
    coalesce       merge events with equal keys into one that carries their count
    drop           discard an event for lack of room, by a stated rule, counted
    evict          remove the oldest entry of a bounded table
    refuse         answer a request with an error; nothing is stored
    reject         refuse a malformed message; it is quarantined with the reason
    quarantine     the table of rejected messages in the log
    retain         keep the last value of a state for overlays that connect later
    dead-letter    reject a message that killed a normalizer or the queue-manager three times
    rendered       committed to the page of an overlay
    receipt        an overlay's report that all events up to a position are rendered
    catch-up       the mode in which an overlay that is behind receives events from the log until it is live again
    client         one connected overlay or dashboard
    stalled        an overlay that is visible and renders nothing of what it is sent
    lost           an overlay whose connection has ended, and that has not connected again
    child          a process of the supervisor; incarnation: one process from spawn to exit
    template       a process that has imported all actors, and forks them (docs/supervision.md)
    orphan         a child whose supervisor has ended
    heartbeat      the message of a child each second; it proves that its loop runs
    tick           the work of a loop between two waits; busy share: the share of time that it does not wait
    budget         a limit of resource use; exceeding it is logged, raises an alert, or restarts the process
    alert          a condition that an operator should know (core/supervision/health.py has all of them)
    reload         apply a changed configuration to the running pipeline
"""

__version__ = "0.1.0"
