# SPDX-License-Identifier: Apache-2.0
"""Honest progress: a bar with rate and time left on a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TextIO

from catalog.ingest.batch import Outcome, Report

_EVERY = 10.0
_WIDTH = 28


class Progress:
    """Counts things that are done, of a known number."""

    def __init__(self, total: int, what: str, out: TextIO | None = None) -> None:
        out = out or sys.stderr  # as it is now, not as it was when this was imported
        self._total, self._what, self._out = total, what, out
        self._done, self._start, self._said = 0, time.monotonic(), time.monotonic()
        self._bar = out.isatty()

    def step(self, name: str = "") -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if self._bar:
            self._out.write("\r\x1b[K" + self._line(name))
            self._out.flush()
        elif now - self._said >= _EVERY:
            self._said = now
            print(self._line(name), file=self._out)

    def close(self) -> None:
        """Ends the line of the bar."""
        if self._bar and self._done:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _line(self, name: str) -> str:
        seconds = max(1e-6, time.monotonic() - self._start)
        left = seconds / self._done * (self._total - self._done)
        full = int(_WIDTH * self._done / max(1, self._total))
        bar, clock = "#" * full + "." * (_WIDTH - full), f"{int(left // 60)}:{int(left % 60):02d} left"
        rate = f"{self._done / seconds:.1f}/s"
        return f"{self._what} [{bar}] {self._done}/{self._total}  {rate}  {clock}  {name[:40]}"


def summary(report: Report, out: TextIO | None = None) -> None:
    """How many of each status, and every failure with its reason; what was skipped for one reason stands in one line."""
    out = out or sys.stdout
    for status, number in sorted(report.counts().items()):
        print(f"{number:6d} {status}", file=out)
    for outcome in report.outcomes:
        if outcome.status == "failed":
            print(f"failed  {outcome.source}: {outcome.reason}", file=out)
    for reason, members in sorted(_by_reason(report.outcomes).items()):
        names = ", ".join(sorted({member.source.name for member in members})[:4])
        print(f"skipped {len(members)} ({reason}): {names}{', …' if len(members) > 4 else ''}", file=out)


def _by_reason(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    out: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.status == "skipped":
            out.setdefault(outcome.reason, []).append(outcome)
    return out
