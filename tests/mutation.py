"""Take each safety out, one at a time, and see a test go red: a promise that no test would miss is none.

    python -m tests.mutation [--list] [NAME …]      all, or those whose name holds one of the words

Every mutation is a small change of text in a temporary copy of the tree. A text that is not found exactly once stops
the run: a mutation that no longer mutates would vouch for nothing. First the tests run on the copy as it is, and must
be green there. Prints which test went red; exit 1 when a mutation survives.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
COPIED: Final = ("actors", "bench", "configs", "docs", "tests", "web_overlay")
FILES: Final = ("supervisor.py", "setup.cfg", "pyproject.toml", "package.json")
TEST_S: Final = 600.0
WORKERS: Final = 2  # each with a copy of its own; the tests wait more than they work

# A counterexample is enough; to look for the smallest takes minutes.
CONFTEST: Final = """
from hypothesis import Phase, settings

settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("mutation")
"""

CORE, SOCKETS, FAULTS, SOURCES = "tests/core/", "tests/sockets/", "tests/faults/", "tests/sources/"


class Edit(NamedTuple):
    """Replace `old` by `new` in `file`; `old` stands there exactly once."""

    file: str
    old: str
    new: str


class Mutation(NamedTuple):
    """One safety less, and the tests of which at least one must go red. Several edits are made together."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def one(name: str, file: str, old: str, new: str, *tests: str) -> Mutation:
    return Mutation(name, (Edit(file, old, new),), tests)


ORDER, WINDOW, LANES, LEDGER = (
    f"actors/core/{name}.py" for name in ("queue/sequencer", "delivery/window", "queue/lanes", "queue/ledger")
)
CURSOR, LOG, OUTBOX, LINK = (
    "actors/core/delivery/cursor.py", "actors/stores/log.py", "actors/stores/outbox.py", "actors/producers/link.py",
)  # fmt: skip
QUEUE, NORMALIZER, HEARTBEAT = "actors/queue_manager.py", "actors/normalizer.py", "actors/heartbeat.py"
POWER, DEATHS, SHELLS = (
    f"{FAULTS}test_power_cut.py::test_what_a_store_acknowledged_survives_a_power_cut_at_any_moment",
    f"{FAULTS}test_store_deaths.py::test_a_store_that_died_keeps_what_it_acknowledged",
    f"{SOCKETS}test_shells.py",
)
TWITCH_LOGIN = "actors/producers/twitch_login.py"
NEVER_NAMED = Edit(ORDER, "line.admitted + 1 if self._is_late(line, now_s) else 0)", "0)")
NEVER_AGAIN = Edit(WINDOW, "            self._again(0)\n            self._silence_s =", "            self._silence_s =")
WORLD = f"{CORE}test_delivery.py"

MUTATIONS: Final = [
    # Commit, then acknowledge, then show
    one("a watermark is told before its commit", ORDER,
        "line.committed, line.admitted + 1 if", "line.admitted, line.admitted + 1 if",
        f"{CORE}test_sequencer.py", f"{SHELLS}::test_nothing_is_acknowledged_or_shown_before_it_is_on_disk"),
    one("an entry counts as committed before it is", QUEUE,
        "            self._commit(entry, lambda more: self._on_committed(entry, more))",
        "            self._on_committed(entry, False)\n            self._commit(entry, lambda more: None)",
        f"{SHELLS}::test_nothing_is_acknowledged_or_shown_before_it_is_on_disk"),
    one("an epoch is told before its commit", ORDER,
        "            self.epoch = self._open.new_epoch = new_epoch",
        "            self.epoch = self.committed_epoch = self._open.new_epoch = new_epoch",
        f"{CORE}test_sequencer.py"),
    one("an outbox answers before its commit", OUTBOX,
        'self._db.execute("BEGIN IMMEDIATE")\n        results = [self._apply(job) for job in jobs]\n'
        '        self._db.execute("COMMIT")\n',
        'self._db.in_transaction and self._db.execute("COMMIT")\n        self._db.execute("BEGIN IMMEDIATE")\n'
        "        results = [self._apply(job) for job in jobs]\n",
        f"{DEATHS}[outbox.before_commit]"),
    one("a log commits without its fsync", LOG, "synchronous = FULL", "synchronous = NORMAL", f"{POWER}[log]"),
    one("an outbox commits without its fsync", OUTBOX, "synchronous = FULL", "synchronous = NORMAL",
        f"{POWER}[outbox]"),
    # Sent until the log has it, in order
    Mutation("a missing number is never named, and silence sends nothing again", (NEVER_NAMED, NEVER_AGAIN), (WORLD,)),
    Mutation("a missing number is never named", (NEVER_NAMED,), (f"{CORE}test_sequencer.py",)),
    Mutation("silence sends nothing again", (NEVER_AGAIN,), (f"{CORE}test_window.py",)),
    one("a new generation gets nothing again", WINDOW,
        "        if new_gen:\n            self._again(0)", "        if False:\n            self._again(0)",
        f"{CORE}test_window.py"),
    one("marks of an older generation are believed", WINDOW,
        "if marks.gen < self._gen and marks.epoch == self.epoch:", "if False:", f"{CORE}test_window.py"),
    Mutation("what comes too early is not held back", (
        Edit(ORDER, "elif envelope.pseq == line.admitted + 1:\n                self._enter(batch.producer, envelope, "
             "now_ms)\n                line.admitted += 1",
             "elif envelope.pseq > line.admitted:\n                self._enter(batch.producer, envelope, now_ms)\n"
             "                line.admitted = envelope.pseq"),
    ), (f"{CORE}test_sequencer.py", WORLD)),
    one("a number is taken as often as it comes", ORDER,
        "if envelope.pseq <= line.admitted or envelope.pseq in line.held:", "if envelope.pseq in line.held:",
        f"{CORE}test_sequencer.py", WORLD),
    one("an identity is logged as often as it comes", ORDER, "            if earlier is not None:\n",
        "            if earlier is not None and not earlier:\n", f"{CORE}test_sequencer.py"),
    one("an identity that is not committed yet is not known", ORDER,
        "self._recent.get(key) or self._known(key)", "self._known(key)", f"{CORE}test_sequencer.py"),
    one("a body that a server repeats is stored again", OUTBOX,
        "                return Stored([], repeated=True)", "                pass", f"{SOCKETS}test_stores.py"),
    # States in the order of their changes, and what a kill carries
    one("a state that changed again keeps its first place", ORDER,
        "            self._open.retained.pop(event.coalesce_key, None)  # the order is that of the changes\n", "",
        f"{SOCKETS}test_stores.py"),
    one("a snapshot is in the order of its keys", LOG, '"SELECT body FROM states ORDER BY n"',
        '"SELECT body FROM states ORDER BY key"', f"{SOCKETS}test_stores.py"),
    one("a kill does not carry its streak", "actors/core/queue/derive.py",
        "return _with_streak(event, kill, run.kills), derived", "return event, derived", f"{CORE}test_derive.py"),
    one("a greeting that found nobody is forgotten", LINK,
        "self._greets = not wire.offered(self._inbox, _encode(greeting))",
        "self._greets = False\n            wire.offered(self._inbox, _encode(greeting))",
        f"{SHELLS}::test_a_greeting_that_found_the_door_closed_goes_with_the_next_marks"),
    one("the oldest row is asked for at two moments", OUTBOX,
        '        (oldest,) = self._db.execute(\n            "SELECT coalesce((SELECT min(pseq) FROM rows), "\n'
        '            "(SELECT seq FROM sqlite_sequence WHERE name = \'rows\') + 1, 1)"\n        ).fetchone()',
        '        (oldest,) = self._db.execute("SELECT min(pseq) FROM rows").fetchone()\n        if oldest is None:\n'
        '            (oldest,) = self._db.execute("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence").fetchone()',
        f"{SOCKETS}test_stores.py"),
    # One writer
    one("a writer that was replaced may write", LOG,
        "        if gen != self._gen:\n", "        if gen != self._gen and not gen:\n", f"{SOCKETS}test_stores.py"),
    one("a broadcaster passes frames of a queue-manager that was replaced", "actors/broadcaster.py",
        "if stamp.gen < self._gen or stamp.version", "if stamp.version",
        f"{SHELLS}::test_a_broadcaster_passes_no_frame_of_a_queue_manager_that_was_replaced"),
    one("a gateway takes frames of a queue-manager that was replaced", CURSOR,
        "        if frame.gen < self.gen:\n", "        if False:\n", f"{CORE}test_cursor.py"),
    one("a store is not locked", "actors/host.py", "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)", "fcntl",
        f"{SOCKETS}test_stores.py"),
    # What one transaction holds together
    one("watermarks are not in the transaction of their events", LOG,
        '        db.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", entry.watermarks.items())\n', "",
        f"{DEATHS}[log.after_commit]"),
    one("derived state is not in the transaction of its events", LOG,
        '                db.execute("INSERT OR REPLACE INTO derived VALUES (?, ?)", (key, body))',
        "                pass", f"{DEATHS}[log.after_commit]"),
    one("derived state misses the entry of its cause", ORDER,
        "        entry.derived = self._derivation.take_changes()\n", "", f"{CORE}test_sequencer.py", WORLD),
    one("retained state is not written", LOG,
        "[(key, _encode(event)) for key, event in entry.retained.items() if event is not None]", "[]",
        f"{SOCKETS}test_gateway.py::test_a_state_that_was_lost_comes_from_the_log"),
    # Poison
    one("deaths by a poison message are not counted", "actors/stores/suspects.py",
        "            self._record(last)\n", "", f"{SOCKETS}test_stores.py"),
    one("a poison message is tried for ever", NORMALIZER, ">= MAX_DEATHS:", ">= MAX_DEATHS * 1_000:",
        f"{SOCKETS}test_pipeline.py::"
        "test_a_poison_message_is_dead_lettered_after_three_deaths_and_the_others_keep_their_order"),
    # Gaps are seen and repaired
    one("no top is told in a silence", QUEUE,
        "        wire.offered(self._critical_out, _encode(self._make_frame([], [], 0)))\n", "",
        f"{SOCKETS}test_pipeline.py::test_a_lost_last_frame_shows_in_the_next_heartbeat"),
    one("a gateway sees no lost tail", CURSOR,
        "        elif self._behind_since_s is None:\n            self._behind_since_s = now_s\n", "",
        f"{CORE}test_cursor.py"),
    Mutation("a gateway sees no gap", (
        Edit(CURSOR, "if frame.first == self.last + 1:", "if frame.first >= self.last + 1:"),
    ), (f"{CORE}test_cursor.py", f"{SOCKETS}test_gateway.py::test_a_lost_frame_is_read_from_the_log")),
    one("a gateway repeats what it knows", CURSOR,
        "            return without_critical(frame)\n        self.counts.repeats += self.last",
        "            return frame\n        self.counts.repeats += self.last", f"{CORE}test_cursor.py"),
    one("whoever comes back is live at once", "actors/gateway/catchup.py",
        "        elif overlay.position == last:\n", "        elif overlay.position <= last:\n",
        f"{SOCKETS}test_gateway.py::test_an_overlay_that_was_away_gets_what_it_missed"),
    one("a catch-up skips the end of a page", "actors/gateway/catchup.py",
        "        overlay.position = events[-1].position\n        if not overlay.blocked:",
        "        overlay.position = events[-1].position + (len(events) > 1)\n        if not overlay.blocked:",
        f"{SOCKETS}test_gateway.py::test_a_gateway_that_starts_in_mid_stream_misses_nothing"),
    one("an overlay sees no gap", "web_overlay/js/core/cursor.mjs",
        "if (frame.epoch !== this.epoch || frame.first > this.position + 1) {",
        "if (frame.epoch !== this.epoch) {", "tests/web/session.test.mjs"),
    one("an overlay repeats what it has applied", "web_overlay/js/core/cursor.mjs",
        "const fresh = critical.filter((event) => event.position > this.position);", "const fresh = critical;",
        "tests/web/session.test.mjs"),
    # Lanes, bounds, the ledger
    one("critical messages share the link of the rest", LINK,
        'wire.normalizer_link("critical", index) for index in processes', 'wire.normalizer_link("best_effort", index) '
        "for index in processes", f"{SOCKETS}test_pipeline.py::test_a_kill_is_logged_shown_and_told"),
    one("normal events are dropped before cosmetic ones", LANES,
        "DROP_ORDER: Final = (Category.COSMETIC, Category.NORMAL, Category.STATE)",
        "DROP_ORDER: Final = (Category.NORMAL, Category.COSMETIC, Category.STATE)", f"{CORE}test_lanes.py"),
    one("the newest gives way instead of the oldest", LANES,
        "                _, slot = slots.popitem(last=False)\n                self.size_bytes -= slot.size_bytes\n"
        "                account.drop",
        "                _, slot = slots.popitem(last=True)\n                self.size_bytes -= slot.size_bytes\n"
        "                account.drop", f"{CORE}test_lanes.py"),
    one("expired events are in no bucket", LANES, "                    account.expired += 1\n", "",
        f"{CORE}test_lanes.py"),
    one("dropped events are in no bucket", LANES, '                account.drop("queue full")\n', "",
        f"{CORE}test_lanes.py"),
    one("what a dead queue-manager held is in no bucket", LEDGER,
        '                account.drop("restart", account.received - account.ended)', "                pass",
        f"{CORE}test_ledger.py"),
    one("an outbox takes more than it may hold", LINK,
        "return self.waiting + rows > self._settings.max_rows or", "return",
        f"{SOCKETS}test_pipeline.py::test_a_full_outbox_refuses_with_503_and_takes_again_when_there_is_room"),
    one("a log is trimmed once a minute and no more", QUEUE,
        "            self._trim_due_s = time.monotonic() + TRIM_AGAIN_S\n", "            pass\n",
        f"{SHELLS}::test_a_log_is_trimmed_until_it_keeps_its_limits_though_commits_never_pause"),
    one("an outbox is trimmed once in half a minute and no more", LINK,
        "        if more_to_trim:\n", "        if not more_to_trim and more_to_trim:\n",
        f"{SHELLS}::test_an_outbox_forgets_as_fast_as_it_is_filled"),
    # The wall clock
    one("what a clock jumped over makes things old", "actors/core/queue/calendar.py",
        "return wall_ms - self.ahead_ms", "return wall_ms", f"{CORE}test_calendar.py"),
    one("a clock that is set back makes a hole in the log", LOG,
        "(SELECT coalesce(min(CASE WHEN ts_ms >= ? THEN position END), max(position) + 1) FROM",
        "(SELECT max(CASE WHEN ts_ms < ? THEN position END) + 1 FROM", f"{SOCKETS}test_stores.py"),
    one("a full log waits for a clock that was set back", LOG,
        'before_ms = float("inf") if full', "before_ms = now_ms if full", f"{SOCKETS}test_stores.py"),
    # Hangs, and whoever is there twice
    one("the stacks of a hang are not written down", "actors/__main__.py",
        "    host.dump_stacks_on_signal()  # early, because a start can hang, too\n", "",
        f"{FAULTS}test_hangs.py::test_a_loop_that_hangs_is_found_and_its_log_says_where[queue-manager-gil]"),
    one("an actor may be started twice", "actors/__main__.py",
        "with host.lock(run_dir / f\"{name}.actor.lock\", name):", "if True:",
        f"{FAULTS}test_stops.py::"
        "test_whoever_is_started_twice_is_refused_and_told_by_whom_and_the_first_is_undisturbed[2]"),
    one("the log forgets that a clock was set", "actors/queue_manager.py", "Calendar.recovered(recovered.calendar,",
        "Calendar.recovered(b\"\",", f"{SOCKETS}test_shells.py::"
        "test_a_clock_that_was_set_makes_nothing_old_for_the_next_queue_manager_either"),
    one("a lock that was deleted lets a second supervisor in", "actors/supervision/preparation.py",
        "    refuse_beside_another(run_dir)\n", "", f"{FAULTS}test_supervisor.py::"
        "test_a_second_supervisor_is_refused_even_when_the_lock_was_taken_away"),
    one("a stopped terminal stops the supervisor", "actors/logs.py", "rest and host.is_writable(file)", "rest",
        f"{FAULTS}test_callers.py::test_output_that_nobody_takes_makes_nobody_wait"),
    one("a stopped supervisor blocks its children", "actors/heartbeat.py", "            os.set_blocking(1, False)\n",
        "            pass\n", f"{FAULTS}test_callers.py::"
        "test_who_works_goes_on_when_the_supervisor_does_not_listen"),
    one("a failed supervisor removes the list of its children", "actors/supervision/process_tree.py",
        "if not self.incarnations else []", "", f"{FAULTS}test_wreckage.py::"
        "test_a_supervisor_that_failed_leaves_word_of_its_children_and_why"),
    one("the ingest continues after a failure of its own", "actors/producers/ingest.py",
        "    aio.end_with_own_failures(loop, ingest.metrics, fail)\n", "",
        f"{FAULTS}test_crashes.py::test_what_a_callback_of_the_ingest_raises_ends_it"),
    # Twitch
    one("a refresh token is sent without a mark on disk", TWITCH_LOGIN,
        "self._replace(grant, msgspec.structs.replace(grant, refreshing=True))",
        "msgspec.structs.replace(grant, refreshing=True)", f"{SOURCES}test_twitch_login.py"),
    one("a refresh token that may be spent is sent again", TWITCH_LOGIN, "if grant.refreshing:", "if False:",
        f"{SOURCES}test_twitch_login.py"),
    one("a renewed login replaces the one that the user has made", TWITCH_LOGIN,
        "if current.refresh_token != old.refresh_token:", "if False:", f"{SOURCES}test_twitch_login.py"),
    one("two processes own a login", "actors/producers/sources/twitch.py",
        'with host.lock(session.run_dir / f"login-{secret}.lock", session.name):', "if True:",
        f"{SOURCES}test_twitch.py"),
    one("the old socket is not read while a session moves", "actors/producers/sources/twitch.py",
        "                self._next = self._sockets.open(frame.payload.session.reconnect_url)",
        "                self._sockets.close(self._current)\n"
        "                self._next = self._sockets.open(frame.payload.session.reconnect_url)",
        f"{SOURCES}test_twitch.py"),
    one("a gift to many is shown once for each of them", "actors/adapters/twitch_eventsub.py",
        'if metadata.subscription_type == "channel.subscribe" and peek.is_gift:', "if False:",
        f"{SOURCES}test_twitch_eventsub_frames.py"),
    one("messages of other channels are shown", "actors/adapters/twitch_irc.py",
        'return source not in ("", line.tags.get("room-id"))', "return False",
        f"{SOURCES}test_twitch_irc_lines.py"),
    one("a cut line of chat is taken for a whole one", "actors/producers/sources/twitch_chat.py",
        "*whole, self._rest = (self._rest + data).split(b\"\\n\")", "whole = data.split(b\"\\n\")",
        f"{SOURCES}test_twitch_chat.py"),
    one("whom a dead player watches counts as the player", "actors/adapters/gsi_posts.py",
        "if self.player is None or self.player.steamid != self.provider.steamid:", "if self.player is None:",
        f"{SOURCES}test_gsi.py"),
    one("the figures of a game are not saved with its events", "actors/producers/sources/gsi.py",
        "state=None if after == before else gsi_changes.save(after)", "state=None", f"{SOURCES}test_gsi.py"),
    one("any program may post as the game", "actors/adapters/gsi_posts.py",
        "hmac.compare_digest(offered.encode(), token.encode())", "bool(token)", f"{SOURCES}test_gsi.py"),
    one("a webhook is not verified", "actors/core/sources/signature.py",
        "return lambda proof: hmac.compare_digest(proof, expected)", "return lambda proof: bool(proof)",
        f"{SOURCES}test_webhook.py"),
    one("a webhook from the future is taken", "actors/core/sources/signature.py",
        "if abs(off_s) > scheme.tolerance_s:", "if off_s > scheme.tolerance_s:", f"{SOURCES}test_webhook.py"),
    one("the body of a webhook that fails is kept", "actors/producers/ingest.py",
        'b"" if isinstance(error, Private) else request.body', "request.body", f"{SOURCES}test_webhook.py"),
    one("a webhook that is sent again is shown again", "actors/producers/mapped.py",
        'id=submission.id or f"{delivery}.{number}"', "id=None", f"{SOURCES}test_webhook.py"),
    one("an event of a game is told again", "actors/adapters/lol_events.py",
        "if event.event_id > cursor.event_id]", "if event.event_id >= cursor.event_id]", f"{SOURCES}test_lol.py"),
    one("a second server adds ticks", "actors/producers/planetside2_frames.py",
        'identity = f"{identity}:{times}"', 'identity = f"{identity}:{connection}:{times}"',
        f"{SOURCES}test_planetside2.py"),
    one("what two servers bring is told twice", "actors/producers/planetside2_frames.py",
        'return identity if self._seen.add(identity, now_s) else ""', "return identity",
        f"{SOURCES}test_planetside2.py"),
    one("a medal that comes before its kill is lost", "actors/producers/planetside2_hold.py",
        "for experience in [loose for loose in self._loose if _join(held, loose)]:", "for experience in []:",
        f"{SOURCES}test_planetside2.py"),
    one("an event happens after it arrived", "actors/adapters/planetside2.py",
        "min(stamp_ms(body.payload), item.ts_ingest_ms)", "stamp_ms(body.payload)",
        f"{SOURCES}test_planetside2_stream.py"),
    one("a server without heartbeats is waited for", "actors/producers/planetside2_links.py",
        "if now_s - self._beat_s > self._pace.heartbeat_s:", "if False:", f"{SOURCES}test_planetside2_stream.py"),
    one("an altered subscription is believed", "actors/producers/planetside2_links.py",
        "if not difference:", "if True:", f"{SOURCES}test_planetside2_stream.py"),
    one("a tip that waits for approval is shown", "actors/adapters/streamelements_rules.py",
        " && data.approved == 'allowed'", "", f"{SOURCES}test_streamelements.py"),
    one("a message may be a name", "actors/adapters/srcds_lines.py",
        "        if said is not None:", "        if False:", f"{CORE}test_srcds.py"),
    one("a player needs no account", "actors/adapters/srcds_lines.py",
        'r"BOT|Console|', 'r"|BOT|Console|', f"{CORE}test_srcds.py"),
]  # fmt: skip


def copy_tree(target: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules", "results", ".*")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=skipped)
    for name in FILES:
        shutil.copy(ROOT / name, target / name)
    (target / "conftest.py").write_text(CONFTEST, encoding="utf-8")


def changed(text: str, edit: Edit) -> str:
    """Return the text with the edit made.

    Raises:
        SystemExit: its old text does not stand there exactly once.
    """
    found = text.count(edit.old)
    if found != 1:
        raise SystemExit(
            f"{edit.file}: found {found} times, expected once; bring this mutation up to date:\n{edit.old}"
        )
    return text.replace(edit.old, edit.new)


def check_all() -> None:
    """See that every edit finds its place and leaves Python that compiles."""
    for mutation in MUTATIONS:
        for edit in mutation.edits:
            text = changed((ROOT / edit.file).read_text(encoding="utf-8"), edit)
            if edit.file.endswith(".py"):
                compile(text, edit.file, "exec")


def run_tests(tree: Path, tests: tuple[str, ...], stop_at_first: bool = True) -> tuple[bool, str]:
    """Run tests in a tree; return whether all were green, and the first that was not."""
    modules = [test for test in tests if test.endswith(".mjs")]
    python = [test for test in tests if not test.endswith(".mjs")]
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "TEST_SLOWNESS": "1"}
    for command in (
        [shutil.which("node") or "node", "--test", *modules] if modules else [],
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *["-x"] * stop_at_first, *python]
        if python
        else [],
    ):
        if not command:
            continue
        try:
            done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TEST_S)
        except subprocess.TimeoutExpired:
            return False, f"{tests[0]} did not come to an end"
        if done.returncode != 0:
            red = re.search(r"^(?:FAILED|ERROR) (\S+)|^not ok \d+ - (.+)|^✖ (.+?)(?: \(|$)", done.stdout, re.MULTILINE)
            if red is None:
                raise SystemExit(f"the tests did not run:\n{done.stdout}{done.stderr}")
            return False, next(filter(None, red.groups()))
    return True, ""


def try_one(trees: queue.SimpleQueue[Path], mutation: Mutation) -> tuple[bool, str]:
    """Return whether the mutation survives in one of the trees, and the test that went red.

    The tree is as before then.
    """
    tree = trees.get()
    before = {edit.file: (tree / edit.file).read_text(encoding="utf-8") for edit in mutation.edits}
    try:
        for edit in mutation.edits:
            path = tree / edit.file
            path.write_text(changed(path.read_text(encoding="utf-8"), edit), encoding="utf-8")
        return run_tests(tree, mutation.tests)
    finally:
        for file, text in before.items():
            (tree / file).write_text(text, encoding="utf-8")
        trees.put(tree)


def main(arguments: list[str]) -> int:
    words = [argument for argument in arguments if not argument.startswith("-")]
    chosen = [one for one in MUTATIONS if not words or any(word in one.name for word in words)]
    if "--list" in arguments:
        print("\n".join(one.name for one in chosen))
        return 0
    check_all()
    if shutil.which("node") is None and not os.environ.get("CI"):
        chosen = [one for one in chosen if not any(test.endswith(".mjs") for test in one.tests)]
    begun_s = time.monotonic()
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory, ThreadPoolExecutor(WORKERS) as workers:
        trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(WORKERS):
            tree = Path(directory) / str(number)
            copy_tree(tree)
            trees.put(tree)
        tests = tuple(dict.fromkeys(test for mutation in chosen for test in mutation.tests))
        green, red = run_tests(tree, tests, stop_at_first=False)
        if not green:
            print(f"without any mutation this test is red already, so nothing can be said: {red}", file=sys.stderr)
            return 1
        print(
            f"without any mutation: {len(tests)} files and tests green ({time.monotonic() - begun_s:.0f} s)", flush=True
        )
        for mutation, (survives, red) in zip(chosen, workers.map(partial(try_one, trees), chosen), strict=True):
            survivors += survives
            print(f"{'SURVIVED' if survives else 'red':<9} {mutation.name:<70} {red.rpartition('/')[2]}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} found ({time.monotonic() - begun_s:.0f} s)")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
