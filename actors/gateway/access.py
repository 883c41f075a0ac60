"""Who may connect: the tokens of the run directory, and a count of the wrong ones."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from actors import tokens
from actors.core.delivery import conversation
from actors.core.delivery.conversation import Ending
from actors.core.intruders import AuthFailures
from actors.core.metrics import GatewayMetrics
from actors.errors import ConfigError, Refused
from actors.gateway.overlay import Overlay


class Access:
    """The rights of tokens. A file that cannot be read is counted, and gives no rights."""

    def __init__(self, run_dir: Path, metrics: GatewayMetrics, log: logging.Logger) -> None:
        self._run_dir, self._metrics, self._log = run_dir, metrics, log
        self._tokens = tokens.Reader(run_dir)
        self._seen = self._tokens.current()
        self._failures = AuthFailures(time.monotonic())

    def holder_of(self, token: str) -> tokens.Holder | None:
        """Return the rights of a token, None if it is unknown. An expired one is returned, too."""
        current = self._current()
        holder = None if current is None else tokens.holder_of(current, token)
        if holder is not None and not holder.expired(time.time() * 1000):
            self._tokens.used(holder.name, time.monotonic())
        return holder

    def admission(self, token: str, role: str) -> Ending | None:
        """Return why a hello with `token` is refused, None when it is accepted."""
        holder = self.holder_of(token)
        if holder is not None and holder.expired(time.time() * 1000):
            return conversation.expired(holder.name)
        return conversation.admission(holder.scope if holder else None, role)

    def wrong_token(self, address: str) -> None:
        """Count a wrong token."""
        if self._failures.add(time.monotonic()):
            self._log.warning("wrong token address=%s failures=%d", address, self._failures.total)

    def display_token(self) -> str:
        """Return the display token."""
        return self._tokens.current().display

    def ingest_token(self) -> str:
        """Return the ingest token.

        Raises:
            Refused: the tokens cannot be read now.
        """
        try:
            return self._tokens.current().ingest
        except (OSError, ConfigError) as error:
            raise Refused(f"the tokens cannot be read now: {error}") from error

    def added_tokens(self) -> list[dict[str, Any]]:
        """Return the tokens of `token add` for display, without the tokens themselves."""
        return tokens.listed(self._run_dir, self._seen)

    def withdrawn(self, overlays: Iterable[Overlay]) -> list[tuple[Overlay, Ending]]:
        """Return the overlays whose token was revoked or has expired; record the use of the tokens of the others."""
        current = self._current()
        if current is None:
            return []
        changed, self._seen = current is not self._seen, current
        if not changed and not current.added:
            return []
        now_s, now_ms = time.monotonic(), time.time() * 1000
        found: list[tuple[Overlay, Ending]] = []
        for overlay in overlays:
            holder = overlay.holder
            if overlay.group is None or holder is None:
                continue
            if changed and tokens.holder_of(current, overlay.token) != holder:
                found.append((overlay, conversation.REVOKED))
            elif holder.expired(now_ms):
                found.append((overlay, conversation.expired(holder.name)))
            else:
                self._tokens.used(holder.name, now_s)
        return found

    def measure(self) -> None:
        """Write the counts of wrong tokens into the metrics."""
        self._metrics.auth_failures = self._failures.total
        self._metrics.auth_failures_recent = self._failures.last_minute(time.monotonic())

    def _current(self) -> tokens.Tokens | None:
        try:
            return self._tokens.current()
        except (OSError, ConfigError):
            self._metrics.token_file_failures += 1
            return None
