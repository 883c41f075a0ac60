"""The mutations: which safety is removed, where and how (places.py), and the tests of which at least one must fail."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.mutation.places import Change


class Mutation(NamedTuple):
    """One safety less. Several changes are made together."""

    name: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]


def row(name: str, change: Change | tuple[Change, ...], *tests: str) -> Mutation:
    return Mutation(name, (change,) if isinstance(change, Change) else change, tests)


def drop(where: str, names: str) -> Change:
    return Change(where, "statement", names, "pass")


def statement(where: str, names: str, into: str) -> Change:
    return Change(where, "statement", names, into)


def expression(where: str, names: str, into: str) -> Change:
    return Change(where, "expression", names, into)


def call(where: str, names: str, into: str) -> Change:
    return Change(where, "call", names, into)


def never(where: str, names: str) -> Change:
    return Change(where, "condition", names, "False")


def always(where: str, names: str) -> Change:
    return Change(where, "condition", names, "True")


def condition(where: str, names: str, into: str) -> Change:
    return Change(where, "condition", names, into)


def value(where: str, name: str, into: str) -> Change:
    return Change(where, "value", name, into)


def result(where: str, names: str, into: str) -> Change:
    return Change(where, "result", names, into)


def text(where: str, part: str, into: str) -> Change:
    return Change(where, "text", part, into)


def swap(where: str, names: str) -> Change:
    return Change(where, "swap", names)


CORE, SOCKETS, FAULTS, SOURCES = "tests/core/", "tests/sockets/", "tests/faults/", "tests/sources/"
POWER = f"{FAULTS}test_power_cut.py::test_acknowledged_data_survives_a_power_cut_at_any_moment"
DEATHS = f"{FAULTS}test_store_deaths.py::test_a_killed_store_keeps_acknowledged_data"
UNPACKER = "actors/core/queue/unpacking.py:Unpacker"
SUSPICION = "tests/core/test_suspicion.py"
SHELLS, STORES = f"{SOCKETS}test_shells.py", f"{SOCKETS}test_stores.py"
GATEWAY_TEST, PIPELINE = f"{SOCKETS}test_gateway.py", f"{SOCKETS}test_pipeline.py"
SEQUENCER_TEST, WINDOW_TEST, CURSOR_TEST, WORLD = (
    f"{CORE}test_{name}.py" for name in ("sequencer", "window", "cursor", "delivery")
)
SIMULATION = f"{CORE}test_simulation.py"
LANES_TEST, SESSION_TEST = f"{CORE}test_lanes.py", "tests/web/session.test.mjs"
PS2, PS2_STREAM = f"{SOURCES}test_planetside2.py", f"{SOURCES}test_planetside2_stream.py"

SEQUENCER = "actors/core/queue/sequencer.py:Sequencer"
WINDOW = "actors/core/delivery/window.py:Window"
LANES = "actors/core/queue/lanes.py"
CURSOR = "actors/core/delivery/cursor.py:Cursor"
OVERLAY_CURSOR = "web_overlay/js/core/cursor.mjs:Cursor.take"
LOG = "actors/stores/log.py:Log"
OUTBOX = "actors/stores/outbox.py:Outbox"
LINK = "actors/producers/link.py:Link"
QUEUE = "actors/queue_manager.py:QueueManager"
CATCHUP = "actors/gateway/catchup.py:CatchUp"
TWITCH_LOGIN = "actors/producers/twitch_login.py:TwitchLogin"
TWITCH = "actors/producers/sources/twitch.py"
SIGNATURE = "actors/core/sources/signature.py"
PS2_FRAMES = "actors/producers/planetside2_frames.py"
PS2_LINK = "actors/producers/planetside2_links.py:StreamConnection"

NEVER_NAMED = never(f"{SEQUENCER}.marks", "_is_late")
NEVER_AGAIN = drop(f"{WINDOW}.silence", "_again")

MUTATIONS: Final = [
    # Commit, then acknowledge, then show
    row("a watermark is told before its commit", expression(f"{SEQUENCER}.marks", "committed", "line.admitted"),
        SEQUENCER_TEST, f"{SHELLS}::test_no_message_is_acknowledged_or_shown_before_it_is_on_disk"),
    row("an entry counts as committed before it is",
        call(f"{QUEUE}._start_commit", "_commit",
             "self._on_committed(one, False), self._commit(one, bool)"),
        f"{SHELLS}::test_no_message_is_acknowledged_or_shown_before_it_is_on_disk"),
    row("an epoch is told before its commit",
        value(f"{SEQUENCER}.greet", "epoch", 'setattr(self, "committed_epoch", {it}) or {it}'), SEQUENCER_TEST),
    row("an outbox answers before its commit",
        (drop("actors/stores/database.py:transaction", "COMMIT"),
         statement("actors/stores/database.py:transaction", "BEGIN",
                   'db.execute("COMMIT") if db.in_transaction else None; {it}')),
        f"{DEATHS}[outbox.before_commit]"),
    row("a log commits without its fsync", text(f"{LOG}.__init__", "synchronous = FULL", "synchronous = NORMAL"),
        f"{POWER}[log]"),
    row("an outbox commits without its fsync", text(f"{OUTBOX}._begin", "synchronous = FULL", "synchronous = NORMAL"),
        f"{POWER}[outbox]"),
    # Sent until the log has it, in order
    row("a missing number is never named, and silence sends nothing again", (NEVER_NAMED, NEVER_AGAIN), WORLD),
    row("a missing number is never named", NEVER_NAMED, SEQUENCER_TEST),
    row("silence sends nothing again", NEVER_AGAIN, WINDOW_TEST),
    row("a new generation gets nothing again", drop(f"{WINDOW}.on_marks", "_again 0"), WINDOW_TEST),
    row("marks of an older generation are believed", never(f"{WINDOW}.on_marks", "_gen"), WINDOW_TEST),
    row("what comes too early is not held back",
        (condition(f"{SEQUENCER}.admit", "pseq admitted 1", "envelope.pseq > line.admitted"),
         statement(f"{SEQUENCER}.admit", "admitted 1", "line.admitted = envelope.pseq")),
        SEQUENCER_TEST, WORLD),
    row("a number is taken as often as it comes", never(f"{SEQUENCER}.admit", "pseq admitted <="),
        SEQUENCER_TEST, WORLD),
    row("an identity is logged as often as it comes", never(f"{SEQUENCER}._log", "earlier"), SEQUENCER_TEST),
    row("an identity that is not committed yet is not known", value(f"{SEQUENCER}._log", "earlier", "self._known(key)"),
        SEQUENCER_TEST),
    row("a body that a server repeats is stored again", drop(f"{OUTBOX}._store", "repeated"), STORES),
    # What the actors do with their links and stores, under schedules of deaths
    row("an entry counts as committed before it is, and a process dies then",
        call(f"{QUEUE}._start_commit", "_commit",
             "self._on_committed(one, False), self._commit(one, bool)"), SIMULATION),
    row("a queue-manager starts without the watermarks of its log",
        expression(f"{QUEUE}.__init__", "watermarks", "dict()"), SIMULATION),
    row("a queue-manager starts without the derived state of its log",
        expression(f"{QUEUE}.__init__", "derived", "dict()"), SIMULATION),
    row("rows of an earlier process are not read from the outbox", never(f"{LINK}._pump", "room newest"), SIMULATION),
    row("a row enters the window before the rows in front of it", always(f"{LINK}._stored", "room newest"),
        SIMULATION),
    row("a gateway does not read what is missing", drop("actors/gateway/feed.py:Feed._on_frames", "_repair"),
        SIMULATION),
    # States in the order of their changes, and what a kill carries
    row("a state that changed again keeps its first place", drop(f"{SEQUENCER}.retain", "pop"), STORES),
    row("a snapshot is in the order of its keys",
        text("actors/stores/log.py:LogReader.snapshot", "ORDER BY n", "ORDER BY key"), STORES),
    row("a kill does not carry its streak",
        result("actors/core/queue/derive.py:Derivation._killed", "run", "event, derived"),
        f"{CORE}test_derive.py"),
    row("a greeting that was not sent is forgotten",
        statement(f"{LINK}._on_marks", "offer", "{it}; self._greets = False"),
        f"{SHELLS}::test_a_greeting_without_a_connection_is_sent_after_the_next_marks"),
    row("the oldest row is asked for at two moments",
        statement("actors/stores/outbox.py:OutboxReader.oldest", "sqlite_sequence",
                  '(oldest,) = self._db.execute("SELECT min(pseq) FROM rows").fetchone(); oldest = oldest or self._db'
                  '.execute("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence").fetchone()[0]'), STORES),
    # One writer
    row("a writer that was replaced may write", never(f"{LOG}._still_mine", "_gen"), STORES),
    row("a broadcaster passes frames of a queue-manager that was replaced",
        never("actors/broadcaster.py:Broadcaster._forward", "_gen"),
        f"{SHELLS}::test_a_broadcaster_drops_frames_of_a_replaced_queue_manager"),
    row("a gateway takes frames of a queue-manager that was replaced", never(f"{CURSOR}.take", "gen"), CURSOR_TEST),
    row("a store is not locked", drop("actors/host.py:lock", "flock"), STORES),
    # What one transaction holds together
    row("watermarks are not in the transaction of their events", drop(f"{LOG}._write", "marks"),
        f"{DEATHS}[log.after_commit]"),
    row("derived state is not in the transaction of its events", drop(f"{LOG}._write", "INSERT derived"),
        f"{DEATHS}[log.after_commit]"),
    row("derived state misses the entry of its cause",
        drop(f"{SEQUENCER}._close", "take_changes"), SEQUENCER_TEST, WORLD),
    row("retained state is not written", drop(f"{LOG}._write_state", "INSERT row"),
        f"{GATEWAY_TEST}::test_a_lost_state_is_read_from_the_log"),
    # Poison
    row("deaths by a poison message are not counted",
        drop("actors/stores/suspects.py:Suspects.__init__", "move"), STORES),
    row("deaths of a queue-manager are not counted", drop("actors/stores/suspects.py:suspicion", "move"), STORES),
    row("a poison message is admitted forever", never(f"{SEQUENCER}._enter_alone", "is_poison"), SUSPICION),
    row("a batch is decoded without a mark", drop(f"{UNPACKER}.batch", "begin"), SUSPICION),
    row("a suspect is decoded without a mark", drop(f"{UNPACKER}._one", "begin"), SUSPICION),
    row("what kills the decoder is decoded forever", never(f"{UNPACKER}._one", "kills_decoders"), SUSPICION),
    row("suspects are not admitted alone", never(f"{SEQUENCER}._enter", "pseq last"), SUSPICION),
    row("a row that kills queue-managers at their start is read forever",
        never("actors/stores/recovery.py:_set_aside", "MAX_DEATHS"), STORES),
    row("a start is not marked", drop("actors/stores/recovery.py:begin", "touch"), STORES),
    row("an error of the disk counts against a message",
        expression(f"{LOG}.commit", "sqlite3 OperationalError", "ConnectionError"), STORES),
    row("a kill during the import of an adapter counts against the message before",
        drop("actors/normalizer.py:Normalizer._forward", "adapter_of"), "tests/core/test_normalizer.py"),
    row("a poison message is tried forever", never("actors/normalizer.py:Normalizer._map", "MAX_DEATHS"),
        f"{PIPELINE}::"
        "test_a_poison_message_is_dead_lettered_after_three_deaths_and_the_others_keep_their_order"),
    # Gaps are seen and repaired
    row("no top is told in a silence", drop(f"{QUEUE}.beat", "_make_frame"),
        f"{PIPELINE}::test_a_lost_last_frame_is_detected_by_the_next_heartbeat"),
    row("a gateway sees no lost tail", drop(f"{CURSOR}._update_gap", "_behind_since_s now_s"), CURSOR_TEST),
    row("a gateway sees no gap", condition(f"{CURSOR}._pass", "first last ==", "frame.first >= self.last + 1"),
        CURSOR_TEST, f"{GATEWAY_TEST}::test_a_lost_frame_is_read_from_the_log"),
    row("a gateway repeats what it knows",
        statement(f"{CURSOR}._pass", "repeats without_critical", "if frame.last <= self.last: return frame"),
        CURSOR_TEST),
    row("an overlay that comes back is live at once", value(f"{CATCHUP}._step", "last", "min(overlay.position, {it})"),
        f"{GATEWAY_TEST}::test_a_reconnected_overlay_receives_what_it_missed"),
    row("a catch-up skips the end of a page", value(f"{CATCHUP}._send", "position", "{it} + (len(events) > 1)"),
        f"{GATEWAY_TEST}::test_a_gateway_started_under_load_misses_no_event"),
    row("an overlay sees no gap", condition(OVERLAY_CURSOR, "first epoch", "frame.epoch !== this.epoch"), SESSION_TEST),
    row("an overlay repeats what it has applied", value(OVERLAY_CURSOR, "fresh", "critical"), SESSION_TEST),
    # Lanes, bounds, the ledger
    row("critical messages share the link of the rest", text(f"{LINK}.__init__", "critical", "best_effort"),
        f"{PIPELINE}::test_a_kill_is_logged_shown_and_in_its_history"),
    row("normal events are dropped before cosmetic ones", swap(f"{LANES}:DROP_ORDER", "COSMETIC NORMAL"), LANES_TEST),
    row("the newest gives way instead of the oldest", value(f"{LANES}:Lanes._pop", "last", "True"), LANES_TEST),
    row("expired events are in no bucket", drop(f"{LANES}:Lanes.take", "account expired"), LANES_TEST),
    row("dropped events are in no bucket", drop(f"{LANES}:Lanes._drop_excess", "drop"), LANES_TEST),
    row("what a dead queue-manager held is in no bucket",
        drop("actors/core/queue/ledger.py:Ledger.__init__", "restart"),
        f"{CORE}test_ledger.py"),
    row("an outbox takes more than it may hold", never(f"{LINK}._full", "max_rows"),
        f"{PIPELINE}::test_a_full_outbox_refuses_with_503_until_it_has_space"),
    row("a log is trimmed once a minute and no more", never(f"{QUEUE}._on_committed", "more_to_trim"),
        f"{SHELLS}::test_a_log_is_trimmed_to_its_limits_under_continuous_commits"),
    row("an outbox is trimmed once in half a minute and no more", never(f"{LINK}._told", "more_to_trim"),
        f"{SHELLS}::test_an_outbox_is_trimmed_as_fast_as_it_is_filled"),
    # The wall clock
    row("what a clock jumped over makes things old",
        expression("actors/core/queue/calendar.py:Calendar.now_ms", "wall_ms ahead_ms", "wall_ms"),
        f"{CORE}test_calendar.py"),
    row("a clock that is set back makes a hole in the log",
        value(f"{LOG}._trim", "removed", "[row for row in oldest if row[1] < before_ms]"), STORES),
    row("a full log waits for a clock that was set back",
        value(f"{LOG}._trim", "before_ms", "now_ms - self._keep_s * 1000"), STORES),
    row("a trim of large events delays new ones", never("actors/stores/log.py:trimmed", "TRIM_BYTES"), STORES),
    # Hangs, and processes that are there twice
    row("the stacks of a hang are not written down", drop("actors/__main__.py:main", "dump_stacks_on_signal"),
        f"{FAULTS}test_hangs.py::test_a_loop_that_hangs_is_detected_and_its_stack_is_logged[queue-manager-gil]"),
    row("an actor may be started twice", call("actors/__main__.py:main", "lock", "open(__file__)"),
        f"{FAULTS}test_stops.py::"
        "test_a_second_instance_is_refused_with_the_pid_of_the_first[2]"),
    row("the log forgets that a clock was set", expression(f"{QUEUE}.__init__", "recovered calendar", 'b""'),
        f"{SHELLS}::test_a_clock_change_expires_no_event_for_the_next_queue_manager"),
    row("a lock that was deleted lets a second supervisor in",
        drop("actors/supervision/preparation.py:prepare", "refuse_beside_another"),
        f"{FAULTS}test_supervisor.py::test_a_second_supervisor_is_refused_even_if_the_lock_file_was_removed"),
    row("a stopped terminal stops the supervisor", always("actors/logs.py:show", "is_writable"),
        f"{FAULTS}test_callers.py::test_unread_output_blocks_no_process"),
    row("a stopped supervisor blocks its children", drop("actors/heartbeat.py:Heartbeat.start", "set_blocking"),
        f"{FAULTS}test_callers.py::test_actors_continue_while_the_supervisor_reads_no_heartbeats"),
    row("a failed supervisor removes the list of its children",
        always("actors/supervision/process_tree.py:Supervisor.close", "incarnations"),
        f"{FAULTS}test_wreckage.py::test_a_failed_supervisor_leaves_the_list_of_its_children_and_the_reason"),
    row("the ingest continues after a failure of its own",
        drop("actors/aio.py:run_until_stopped", "end_with_own_failures"),
        f"{FAULTS}test_crashes.py::test_an_exception_in_a_callback_ends_the_ingest"),
    # Twitch
    row("a refresh token is sent without a mark on disk",
        call(f"{TWITCH_LOGIN}._renewed", "_replace True", "msgspec.structs.replace(grant, refreshing=True)"),
        f"{SOURCES}test_twitch_login.py"),
    row("a refresh token that may be spent is sent again", never(f"{TWITCH_LOGIN}._renewed", "refreshing"),
        f"{SOURCES}test_twitch_login.py"),
    row("a renewed login replaces the one that the user has made", never(f"{TWITCH_LOGIN}._replace", "refresh_token"),
        f"{SOURCES}test_twitch_login.py"),
    row("two processes own a login", call(f"{TWITCH}:connect", "lock", "open(__file__)"), f"{SOURCES}test_twitch.py"),
    row("the old socket is not read while a session moves",
        statement(f"{TWITCH}:EventSubSession._take", "_sockets open", "self._sockets.close(self._current); {it}"),
        f"{SOURCES}test_twitch.py"),
    row("a gift to many is shown once for each of them", never("actors/adapters/twitch_eventsub.py:_kind", "is_gift"),
        f"{SOURCES}test_twitch_eventsub_frames.py"),
    row("messages of other channels are shown", result("actors/adapters/twitch_irc.py:_is_foreign", "", "False"),
        f"{SOURCES}test_twitch_irc_lines.py"),
    row("a cut line of chat is taken for a whole one",
        statement("actors/producers/sources/twitch_chat.py:Lines.feed", "split", 'whole = data.split(b"\\n")'),
        f"{SOURCES}test_twitch_chat.py"),
    # Games
    row("the figures of a spectated player count as those of the dead one",
        never("actors/adapters/gsi_posts.py:GsiPost.watched", "steamid"), f"{SOURCES}test_gsi.py"),
    row("the figures of a game are not saved with its events",
        always("actors/producers/sources/gsi.py:receive", "before after"), f"{SOURCES}test_gsi.py"),
    row("any program may post as the game",
        call("actors/adapters/gsi_posts.py:is_from", "compare_digest", "bool(token)"),
        f"{SOURCES}test_gsi.py"),
    row("an event of a game is told again",
        condition("actors/adapters/lol_events.py:LolCursor.unread", "key_of known", "True"),
        f"{SOURCES}test_lol.py"),
    row("a message may be a name",
        never("actors/adapters/srcds_lines.py:_of_player", "said not"), f"{CORE}test_srcds.py"),
    row("a player needs no account", text("actors/adapters/srcds_lines.py:_ACCOUNT", "BOT|", "|BOT|"),
        f"{CORE}test_srcds.py"),
    # PlanetSide 2: two servers that repeat, stamps of the future, silent servers, altered subscriptions
    row("a second server adds ticks",
        statement(f"{PS2_FRAMES}:Merger.take", "identity times", "{it}; identity += str(connection)"), PS2),
    row("what two servers bring is told twice", always(f"{PS2_FRAMES}:Merger.take", "_seen"), PS2),
    row("a medal that comes before its kill is lost",
        never("actors/producers/planetside2_hold.py:Hold.add", "_join loose"), PS2),
    row("an event happens after it arrived",
        value("actors/adapters/planetside2.py:normalize", "ts_ms", "stamp_ms(body.payload)"), PS2_STREAM),
    row("a stamp of any length is read", never("actors/adapters/planetside2.py:stamp_ms", "not stamp"), PS2),
    row("a server without heartbeats is waited for", never(f"{PS2_LINK}._look", "heartbeat_s"), PS2_STREAM),
    row("heartbeats are not counted", drop(f"{PS2_LINK}._take", "_beat_s monotonic"), PS2_STREAM),
    row("a server that is silent about a world is waited for", never(f"{PS2_LINK}._look", "silent"), PS2),
    row("an altered subscription is believed", always(f"{PS2_LINK}._compare", "difference"), PS2_STREAM),
    row("an altered subscription is not made again", drop(f"{PS2_LINK}._compare", "_subscribe"), PS2),
    row("a subscription is altered without end", never(f"{PS2_LINK}._compare", "_differences >"), PS2_STREAM),
    # Webhooks and tips
    row("a webhook is not verified", call(f"{SIGNATURE}:_checker", "compare_digest", "bool(proof)"),
        f"{SOURCES}test_webhook.py"),
    row("a webhook of another channel is taken",
        drop("actors/producers/sources/webhook.py:receive", "_require_channel"), f"{SOURCES}test_webhook.py"),
    row("an event of Kick that another application passes on is shown again",
        value("actors/producers/sources/webhook.py:_messages", "delivery", "proof.identity"),
        f"{SOURCES}test_webhook.py"),
    row("a webhook from the future is taken",
        condition(f"{SIGNATURE}:_checked_time", "off_s tolerance_s", "off_s > scheme.tolerance_s"),
        f"{SOURCES}test_webhook.py"),
    row("the body of a webhook that fails is kept", never("actors/producers/ingest.py:HttpSource.take", "Private"),
        f"{SOURCES}test_webhook.py"),
    row("a webhook that is sent again is shown again", value("actors/producers/mapped.py:messages", "id", "None"),
        f"{SOURCES}test_webhook.py"),
    # Other sites and other users
    row("a page of another site may link to anything", value("actors/gateway/pages.py:BaseHandler", "LINKS", "True"),
        "tests/sockets/test_gateway_pages.py"),
    row("a page whose name was rebound may post", result("actors/core/origins.py:may_post", "origin allowed", "True"),
        "tests/core/test_origins.py"),
    row("ports are free during a restart",
        drop("actors/supervision/process_tree.py:Supervisor._start", "_ports hold"), "tests/faults/test_ports.py"),
    row("a tip that waits for approval is shown",
        text("actors/adapters/streamelements_rules.py:RULES", " && data.approved == 'allowed'", ""),
        f"{SOURCES}test_streamelements.py"),
]  # fmt: skip
