# SPDX-License-Identifier: Apache-2.0
"""The command line: `hysope VERB`; what there is stands in `hysope.arguments`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from config.load import Loaded, load
from config.problems import ConfigError
from config.yaml_source import Key
from hysope.arguments import parser

_FLAGS: dict[str, Key] = {
    "data": ("data",),
    "host": ("server", "host"),
    "port": ("server", "port"),
    "workers": ("server", "workers"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; 0 is success, 1 a failure that was reported, 2 a wrong command line or configuration."""
    arguments = parser().parse_args(argv)
    if arguments.verb == "version":
        return _version()
    try:
        loaded = _load(arguments)
        return _run(loaded, arguments)
    except ConfigError as error:
        print(error, file=sys.stderr)
        print(f"{len(error.problems)} problems in the configuration", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(loaded: Loaded, arguments: argparse.Namespace) -> int:
    """Each command imports what it needs, so that `hysope version` is quick."""
    if arguments.verb in ("serve", "demo"):
        from hysope.commands import serve

        return (
            serve.demo(loaded.settings, arguments)
            if arguments.verb == "demo"
            else serve.serve(loaded.settings, arguments)
        )
    if arguments.verb in ("ingest", "withdraw", "verify", "reindex"):
        from hysope.commands import ingest

        verbs = {
            "ingest": ingest.ingest,
            "withdraw": ingest.withdraw,
            "verify": ingest.verify,
            "reindex": ingest.reindex,
        }
        return verbs[arguments.verb](loaded.settings, arguments)
    if arguments.verb in ("supervisor", "jobs", "space", "process"):
        from hysope.commands import jobs, process

        orders = {
            "supervisor": jobs.supervisor,
            "jobs": jobs.jobs,
            "space": jobs.space,
            "process": process.process,
        }
        return orders[arguments.verb](loaded.settings, arguments)
    if arguments.verb in ("usage", "paths") or (arguments.verb == "archive" and arguments.what == "fixity"):
        from hysope.commands import care

        work = {"usage": care.usage, "paths": care.paths, "archive": care.fixity}
        return work[arguments.verb](loaded.settings, arguments)
    if arguments.verb in ("export", "seed"):
        from hysope.commands import export, seed

        return {"export": export.export, "seed": seed.seed}[arguments.verb](loaded.settings, arguments)
    if arguments.verb == "harvest":
        from hysope.commands import harvest

        return harvest.harvest(loaded.settings, arguments)
    if arguments.verb == "archive":
        from hysope.commands import archive

        return archive.archive(loaded.settings, arguments)
    if arguments.verb == "altimetry":
        from hysope.commands import altimetry

        return altimetry.altimetry(arguments)
    if arguments.verb == "key":
        from hysope.commands import keys

        return keys.run(loaded.settings, arguments)
    from hysope.commands import inspect

    looks = {"check": inspect.check, "config": inspect.show, "doctor": inspect.doctor}
    return looks[arguments.verb](loaded, arguments)


def _load(arguments: argparse.Namespace) -> Loaded:
    file = arguments.config or os.environ.get("HYSOPE_CONFIG")
    path = Path(file) if file else (Path("hysope.yaml") if Path("hysope.yaml").is_file() else None)
    flags = {
        key: value for name, key in _FLAGS.items() if (value := getattr(arguments, name, None)) is not None
    }
    arguments.environment = {
        "HYSOPE_" + "__".join(map(str, key)).upper(): str(value) for key, value in flags.items()
    }
    if path:
        arguments.environment["HYSOPE_CONFIG"] = str(path.resolve())
    return load(path, os.environ, flags)


def _version() -> int:
    from hysope import __version__

    print(f"hysope {__version__}")
    return 0
