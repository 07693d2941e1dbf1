# SPDX-License-Identifier: Apache-2.0
"""Runs as detached process groups of this machine: they outlive the server. A reference is pid and start time, so a recycled pid is nobody."""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from processes.files import LOG, STATUS, TASK, read_json, write_json
from processes.model import Backend, BackendStatus, BackendUnreachable, JobId, RunSpec, SubmitRejected

_LAUNCHED = "local.json"
_NICE = 19
_LOOKS, _LOOK_SECONDS = 8, 0.1
"""A runner writes its status within a tenth of a second of its start; one that has not is not there."""


class LocalExecutor:
    """One process group a run, at idle priority."""

    name = "local"

    def submit(self, spec: RunSpec) -> str:
        """Starts the run. Raises SubmitRejected when the interpreter is not there."""
        log = str(spec.folder / LOG)
        streams = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        try:
            pid = os.posix_spawn(
                spec.argv[0], list(spec.argv), dict(spec.environment), file_actions=streams, setsid=True
            )
        except OSError as error:
            raise SubmitRejected(f"{spec.argv[0]}: {error.strerror}") from error
        _give_way(pid)
        ref = _ref(pid)
        write_json(spec.folder / _LAUNCHED, {"ref": ref, "until": time.time() + spec.minutes * 60})
        return ref

    def find(self, job: JobId, attempt: int, folder: Path) -> str | None:
        """By what the launch wrote, else by what the runner wrote, which is the same process."""
        for _ in range(_LOOKS if (folder / TASK).exists() else 1):
            launched = read_json(folder / _LAUNCHED)
            if launched is not None:
                return str(launched["ref"])
            status = read_json(folder / STATUS)
            if status is not None:
                return _ref(int(status["pid"]))
            time.sleep(_LOOK_SECONDS)
        return None

    def poll(self, refs: Mapping[str, Path]) -> Mapping[str, BackendStatus]:
        """Running, or ended; a run that is over its time is ended here."""
        out = {}
        for ref, folder in refs.items():
            process = _process(ref)
            if process is None:
                out[ref] = BackendStatus(Backend.ENDED)
                continue
            launched = read_json(folder / _LAUNCHED)
            if launched and time.time() > launched["until"]:
                self.cancel(ref)
                out[ref] = BackendStatus(Backend.TIMEOUT, "over its time")
            else:
                out[ref] = BackendStatus(Backend.RUNNING, node=platform.node())
        return out

    def cancel(self, ref: str) -> bool:
        """Kills the whole group."""
        process = _process(ref)
        if process is None:
            return True
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return True
        except PermissionError as error:
            raise BackendUnreachable(f"process {process.pid} is not ours") from error
        return _process(ref) is None


def _give_way(pid: int) -> None:
    """Idle priority: of the process among its group's, and of its group, because Linux shares a machine among sessions first (sched(7), autogroup)."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).nice(_NICE)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE))


def _ref(pid: int) -> str:
    try:
        return f"{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}:0"


def _process(ref: str) -> psutil.Process | None:
    """The process of a reference while it lives; a child that has ended is reaped."""
    pid, _, started = ref.partition(":")
    with suppress(ChildProcessError):
        os.waitpid(int(pid), os.WNOHANG)
    try:
        process = psutil.Process(int(pid))
        if f"{process.create_time():.2f}" != started or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    return process
