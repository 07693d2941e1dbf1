# SPDX-License-Identifier: Apache-2.0
"""The bell hurries and never harms: nobody listening, nobody reading, no pipe at all."""

import threading
import time
from pathlib import Path

import pytest

from processes.bell import Bell


def test_a_ring_is_heard_before_and_while_one_waits(tmp_path: Path) -> None:
    listener, ringer = Bell(tmp_path / "jobs" / "bell"), Bell(tmp_path / "jobs" / "bell")
    listener.listen()
    assert not listener.wait(0)
    ringer.ring()
    ringer.ring()
    assert listener.wait(0) and not listener.wait(0), "all rings so far are one"
    late = threading.Timer(0.1, ringer.ring)
    late.start()
    assert listener.wait(20)
    late.join()
    listener.close()


def test_nobody_has_to_listen(tmp_path: Path) -> None:
    bell = Bell(tmp_path / "bell")
    bell.ring()
    assert not (tmp_path / "bell").exists()
    bell.listen()
    bell.close()
    bell.ring()  # the pipe is there, the listener is gone
    again = Bell(tmp_path / "bell")
    again.listen()
    assert not again.wait(0)
    again.close()


def test_a_listener_that_never_looks_stops_nobody(tmp_path: Path) -> None:
    bell = Bell(tmp_path / "bell")
    bell.listen()
    begun = time.monotonic()
    for _ in range(70_000):  # a pipe holds 65,536 bytes
        bell.ring()
    assert time.monotonic() - begun < 60
    assert bell.wait(0)
    bell.close()


def test_without_pipes_one_waits_the_whole_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    bell = Bell(tmp_path / "file" / "bell")
    with pytest.raises(OSError, match=r"directory|exists"):
        bell.listen()
    begun = time.monotonic()
    assert not bell.wait(0.05) and time.monotonic() - begun >= 0.05
    bell.ring()


def test_the_pipe_is_for_its_owner(tmp_path: Path) -> None:
    bell = Bell(tmp_path / "bell")
    bell.listen()
    assert (tmp_path / "bell").stat().st_mode & 0o077 == 0
    bell.close()
