# SPDX-License-Identifier: Apache-2.0
"""Runs as jobs of OpenPBS or PBS Professional, by their own commands: one qstat a cycle for all jobs.

PBS copies a job's output back when it ends, so the script writes the log itself, where it can be read while the job runs; and it sets the
environment itself, because `qsub -v` knows no commas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes.executors import commands
from processes.files import LOG
from processes.model import (
    Backend,
    BackendStatus,
    BackendUnreachable,
    JobId,
    RunSpec,
    SubmitRejected,
    run_name,
)

_STATES = {
    **dict.fromkeys(("Q", "H", "W", "T", "M", "S", "U"), Backend.PENDING),
    **dict.fromkeys(("R", "E", "B"), Backend.RUNNING),
    **dict.fromkeys(("F", "X", "C"), Backend.ENDED),
}  # fmt: skip
_KILLED = {
    -29: Backend.TIMEOUT,
    -28: Backend.TIMEOUT,
    -27: Backend.OUT_OF_MEMORY,
    -26: Backend.OUT_OF_MEMORY,
    271: Backend.CANCELLED,
}
"""Exit_status of a job that PBS ended (pbs_job.h: JOB_EXEC_KILL_WALLTIME, _CPUT, _MEM, _VMEM; 256 + SIGTERM by qdel)."""
_AWAY = (
    "cannot connect",
    "Connection refused",
    "Connection timed out",
    "Communication failure",
    "pbs_iff",
    "No default server",
)
_UNKNOWN = ("Unknown Job Id", "has finished", "Job has invalid state")
_AT_ONCE = 200
_MINUTES = 60


@dataclass(frozen=True)
class Site:
    """How this site's PBS is reached."""

    environment: Mapping[str, str]
    """Of PBS's commands and of the jobs: PATH, and PBS_CONF_FILE where it is not in /etc."""
    queue: str | None = None
    account: str | None = None


class PbsExecutor:
    """qsub, qstat, qselect, qdel."""

    name = "pbs"

    def __init__(self, site: Site) -> None:
        self._site = site

    def submit(self, spec: RunSpec) -> str:
        """One qsub. Raises SubmitRejected for what PBS will never take."""
        hours, minutes = divmod(spec.minutes, _MINUTES)
        options = [
            "-N", spec.name, "-j", "oe", "-o", "/dev/null", "-r", "y", "-S", "/bin/sh",
            "-l", f"select=1:ncpus={spec.cpus}:mem={spec.memory_mb}mb", "-l", f"walltime={hours:02d}:{minutes:02d}:00",
        ]  # fmt: skip
        for flag, value in (("-q", self._site.queue), ("-A", self._site.account)):
            if value:
                options += [flag, value]
        found = commands.run(["qsub", *options], _script(spec), self._site.environment)
        if found.returncode:
            if any(text in found.stderr for text in _AWAY):
                raise BackendUnreachable(found.stderr.strip()[-300:])
            raise SubmitRejected(found.stderr.strip()[-300:])
        return found.stdout.strip()

    def find(self, job: JobId, attempt: int, folder: Path) -> str | None:
        """By the name that the run was given."""
        found = self._asked(["qselect", "-x", "-N", run_name(job, attempt)]).split()
        return found[-1] if found else None

    def poll(self, refs: Mapping[str, Path]) -> Mapping[str, BackendStatus]:
        """A qstat for all; what PBS has forgotten is not in the answer."""
        out = {}
        for part in _parts(list(refs)):
            said = self._asked(["qstat", "-x", "-f", "-F", "json", *part])
            for ref, facts in _jobs(said).items():
                out[ref] = _status(facts)
        return out

    def cancel(self, ref: str) -> bool:
        """qdel; gone when qstat no longer shows it as waiting or running."""
        self._asked(["qdel", ref])
        state = self.poll({ref: Path()}).get(ref)
        return state is None or state.state not in (Backend.PENDING, Backend.RUNNING)

    def _asked(self, command: Sequence[str]) -> str:
        found = commands.run(command, "", self._site.environment)
        if found.returncode and not any(text in found.stderr for text in _UNKNOWN):
            raise BackendUnreachable(found.stderr.strip()[-300:])
        return found.stdout


def _script(spec: RunSpec) -> str:
    """What the job runs: its environment, its folder, its log, and then only the run."""
    exports = [f"export {name}={commands.quoted(value)}" for name, value in spec.environment.items()]
    argv = " ".join(commands.quoted(part) for part in spec.argv)
    log = commands.quoted(str(spec.folder / LOG))
    return "\n".join(
        [
            "#!/bin/sh",
            *exports,
            f"cd {commands.quoted(str(spec.folder))} || exit 70",
            f"exec {argv} >>{log} 2>&1",
            "",
        ]
    )


def _jobs(said: str) -> Mapping[str, Mapping[str, Any]]:
    """The jobs of an answer. Raises BackendUnreachable for one that is no JSON (PBS writes values of users' variables as they are)."""
    if not said.strip():
        return {}
    try:
        found = json.loads(re.sub(r"[\x00-\x1f]", " ", said), strict=False).get("Jobs", {})
    except ValueError as error:
        raise BackendUnreachable(f"qstat: {error}") from error
    return found if isinstance(found, dict) else {}


def _status(facts: Mapping[str, Any]) -> BackendStatus:
    state = _STATES.get(str(facts.get("job_state")), Backend.ENDED)
    if state is Backend.ENDED:
        state = _KILLED.get(int(facts.get("Exit_status", 0)), state)
    node = str(facts.get("exec_host", "")).partition("/")[0]
    return BackendStatus(state, str(facts.get("comment", ""))[:300], node)


def _parts(refs: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(refs), _AT_ONCE):
        yield refs[at : at + _AT_ONCE]
