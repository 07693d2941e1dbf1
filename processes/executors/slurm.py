# SPDX-License-Identifier: Apache-2.0
"""Runs as Slurm jobs, by Slurm's own commands, which are the same at every site for fifteen years. One squeue a cycle for all jobs.

Facts this rests on (measured, Slurm 22.05): `--export=NONE` costs a login shell a job, so the command's own environment is small instead;
a controller that is down answers after 9 s; after its restart it may not know a job that ended meanwhile, so the run's exit file is the proof.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    **dict.fromkeys(("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"), Backend.PENDING),
    **dict.fromkeys(("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"), Backend.RUNNING),
    "TIMEOUT": Backend.TIMEOUT, "DEADLINE": Backend.TIMEOUT, "OUT_OF_MEMORY": Backend.OUT_OF_MEMORY, "CANCELLED": Backend.CANCELLED,
}  # fmt: skip
_AWAY = (
    "Unable to contact",
    "Connection refused",
    "Socket timed out",
    "slurm_load_jobs error",
    "timed out",
    "Zero Bytes",
)


@dataclass(frozen=True)
class Site:
    """How this site's Slurm is reached."""

    environment: Mapping[str, str]
    """Of Slurm's commands and of the jobs: PATH, and SLURM_CONF where it is not in /etc."""
    partition: str | None = None
    account: str | None = None
    qos: str | None = None


class SlurmExecutor:
    """sbatch, squeue, scancel."""

    name = "slurm"

    def __init__(self, site: Site) -> None:
        self._site = site

    def submit(self, spec: RunSpec) -> str:
        """One sbatch. Raises SubmitRejected for what Slurm will never take."""
        options = [
            f"--job-name={spec.name}", f"--output={spec.folder / LOG}", "--open-mode=append", f"--chdir={spec.folder}", "--requeue", "--export=ALL",
            f"--cpus-per-task={spec.cpus}", f"--mem={spec.memory_mb}M", f"--time={spec.minutes}", "--nice=100",
        ]  # fmt: skip
        for name, value in (
            ("partition", self._site.partition),
            ("account", self._site.account),
            ("qos", self._site.qos),
        ):
            if value:
                options.append(f"--{name}={value}")
        script = "#!/bin/sh\nexec " + " ".join(commands.quoted(part) for part in spec.argv) + "\n"
        found = self._run(["sbatch", "--parsable", *options], script, dict(spec.environment))
        if found.returncode:
            if any(text in found.stderr for text in _AWAY):
                raise BackendUnreachable(found.stderr.strip()[-300:])
            raise SubmitRejected(found.stderr.strip()[-300:])
        return found.stdout.strip().partition(";")[0]

    def find(self, job: JobId, attempt: int, folder: Path) -> str | None:
        """By the name that the run was given."""
        found = self._asked(
            ["squeue", "-h", "-a", "--me", "-t", "all", "-o", "%i", "-n", run_name(job, attempt)]
        )
        return found.split()[0] if found.split() else None

    def poll(self, refs: Mapping[str, Path]) -> Mapping[str, BackendStatus]:
        """One squeue for all; what Slurm has forgotten is not in the answer."""
        if not refs:
            return {}
        out = {}
        for line in self._asked(
            ["squeue", "-h", "-a", "--me", "-t", "all", "-o", "%i|%T|%r|%N"]
        ).splitlines():
            ref, state, reason, node = [*line.split("|"), "", "", ""][:4]
            if ref in refs:
                out[ref] = BackendStatus(_STATES.get(state, Backend.ENDED), reason, node)
        return out

    def cancel(self, ref: str) -> bool:
        """scancel; gone when squeue no longer shows it as pending or running."""
        self._asked(["scancel", ref])
        state = self.poll({ref: Path()}).get(ref)
        return state is None or state.state not in (Backend.PENDING, Backend.RUNNING)

    def _asked(self, command: Sequence[str]) -> str:
        found = self._run(command, "", {})
        if found.returncode and "Invalid job id" not in found.stderr:
            raise BackendUnreachable(found.stderr.strip()[-300:])
        return found.stdout

    def _run(
        self, command: Sequence[str], text: str, more: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return commands.run(command, text, {**more, **self._site.environment})
