# SPDX-License-Identifier: Apache-2.0
"""How the commands of a batch system are called: an argument list, an environment of our own, an answer within seconds."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from processes.model import BackendUnreachable

_SECONDS = 20


def run(
    command: Sequence[str], text: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What a command says of a text on its standard input. Raises BackendUnreachable when it is not there or does not answer."""
    try:
        return subprocess.run(  # noqa: S603  (a fixed command; arguments are ours)
            list(command), input=text, capture_output=True, text=True, timeout=_SECONDS, env=dict(environment), check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendUnreachable(f"{command[0]}: {error}") from error


def quoted(part: str) -> str:
    """A word of a shell's line."""
    return "'" + part.replace("'", "'\\''") + "'"
