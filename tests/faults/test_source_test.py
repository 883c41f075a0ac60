"""`source test` and `source list` with a running pipeline."""

import json
import urllib.error
import urllib.request

import pytest

from actors.secrets import Secrets
from tests.support import Pipeline, eventually

GAME = 'sources.game={kind="lol",url="http://127.0.0.1:9"}'
HUB = 'sources.hub={kind="webhook",preset="github"}'
TUBE = 'sources.tube={kind="youtube",stream="@ada",url="http://127.0.0.1:9",silence_s=90}'


def test_a_source_is_tested_with_its_reason_and_with_what_it_can_lose():
    with Pipeline(GAME, TUBE) as pipeline:
        pipeline.start()
        done = pipeline.command("source", "test", "game")
        assert (done.returncode, done.stderr) == (0, "")
        state, arrivals, delivery = done.stdout.splitlines()
        assert state == "game (lol) is waiting: no match is running"
        assert arrivals == "No message has arrived since its process started."
        assert delivery.startswith("Redelivers. Lost if its process dies: no event of the running game: its list")
        done = pipeline.command("source", "test", "tube")
        assert done.returncode == 1
        assert "is refused: The secret 'tube' is not set" in done.stdout
        assert "Redelivers. Reported as silent after 90 s. Lost if" in done.stdout
        row = json.loads(pipeline.command("source", "test", "tube", "--json").stdout)
        assert {"redelivers", "loss", "silence_s", "duplicate", "late", "future", "reconnects"} <= row.keys()
        done = pipeline.command("source", "test", "nothing")
        assert done.returncode == 2
        assert "Sources: game, tube" in done.stderr
        assert pipeline.command("source", "list").stdout.count("Lost if its process dies: ") == 2


def test_a_source_that_has_rejected_all_messages_does_not_work():
    with Pipeline(HUB) as pipeline:
        Secrets(pipeline.run_dir).set("hub", "a secret")
        pipeline.start()
        assert pipeline.command("source", "test", "hub").returncode == 0
        request = urllib.request.Request(f"http://127.0.0.1:{pipeline.ingest_port}/webhook/hub", b"{}")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request)

        def tested():
            return pipeline.command("source", "test", "hub")

        eventually(lambda: tested().returncode == 1, 10)
        state, arrivals, _ = tested().stdout.splitlines()
        assert state.startswith("hub (webhook) is waiting: the last request was refused: ")
        assert arrivals == "No message was accepted since its process started; 1 rejected."
