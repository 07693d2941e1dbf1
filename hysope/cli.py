# SPDX-License-Identifier: Apache-2.0
"""The command line: `hysope demo | serve [DIR] | supervisor | ingest | harvest | export | check | config | doctor | withdraw | verify | space | key | version`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from config.load import Loaded, load
from config.problems import ConfigError
from config.yaml_source import Key

_FLAGS: dict[str, Key] = {
    "data": ("data",),
    "host": ("server", "host"),
    "port": ("server", "port"),
    "workers": ("server", "workers"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; 0 is success, 1 a failure that was reported, 2 a wrong command line or configuration."""
    arguments = _parser().parse_args(argv)
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
    if arguments.verb in ("supervisor", "space"):
        from hysope.commands import jobs

        return (
            jobs.supervisor(loaded.settings, arguments)
            if arguments.verb == "supervisor"
            else jobs.space(loaded.settings, arguments)
        )
    if arguments.verb == "export":
        from hysope.commands import export

        return export.export(loaded.settings, arguments)
    if arguments.verb == "harvest":
        from hysope.commands import harvest

        return harvest.harvest(loaded.settings, arguments)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hysope", description="OGC web services over an archive of satellite products."
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config", metavar="FILE", help="settings file (default: hysope.yaml here, or HYSOPE_CONFIG)"
    )
    common.add_argument("--data", metavar="DIR", help="folder of the store and of the assets that we write")
    listening = argparse.ArgumentParser(add_help=False)
    listening.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    listening.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")
    listening.add_argument("--workers", type=int, help="processes that answer")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    demo = verbs.add_parser(
        "demo", parents=[common, listening], help="generate products, ingest them, serve them"
    )
    demo.add_argument("--no-serve", action="store_true", help="stop before serving")
    serve = verbs.add_parser(
        "serve", parents=[common, listening], help="serve the store; with a folder, ingest it first"
    )
    serve.add_argument("folder", nargs="?", type=Path, metavar="DIR")
    ingest = verbs.add_parser("ingest", parents=[common], help="bring products into the catalogue")
    ingest.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="file, zip, folder or tree")
    ingest.add_argument("--dry-run", action="store_true", help="say what would happen")
    ingest.add_argument("--force", action="store_true", help="ingest again what is here already")
    ingest.add_argument("--watch", action="store_true", help="treat the paths as inboxes, for ever")
    withdraw = verbs.add_parser("withdraw", parents=[common], help="take a product out of every door")
    withdraw.add_argument("product", metavar="ID[@VERSION]")
    withdraw.add_argument("--reason", required=True)
    key = verbs.add_parser("key", help="API keys").add_subparsers(
        dest="what", required=True, metavar="ACTION"
    )
    create = key.add_parser("create", parents=[common], help="a new key, shown once")
    create.add_argument("owner", help="whose key")
    create.add_argument("--role", choices=["user", "operator"], default="user")
    create.add_argument("--group", action="append", default=[], help="may be given several times")
    create.add_argument("--days", type=int, help="until it expires (default: until it is revoked)")
    create.add_argument("--label", default="", help="what it is for")
    key.add_parser("list", parents=[common], help="all keys, without the keys")
    key.add_parser("revoke", parents=[common], help="ends a key").add_argument("id")
    supervisor = verbs.add_parser(
        "supervisor", parents=[common], help="run the jobs that users order (one host of many)"
    )
    supervisor.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    harvest = verbs.add_parser("harvest", parents=[common], help="fetch the records of other centres")
    harvest.add_argument("sources", nargs="*", metavar="SOURCE", help="ids of the settings; all without one")
    harvest.add_argument("--full", action="store_true", help="walk through the whole source")
    harvest.add_argument(
        "--accept-deletions", action="store_true", help="delete what is not there any more, however much"
    )
    harvest.add_argument("--report", action="store_true", help="the last runs, and what was refused")
    harvest.add_argument("--watch", action="store_true", help="harvest each source when it is due, for ever")
    harvest.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    export = verbs.add_parser("export", help="configurations of other programs over this one").add_subparsers(
        dest="what", required=True, metavar="WHAT"
    )
    mapproxy = export.add_parser(
        "mapproxy", parents=[common], help="a MapProxy with every public layer, style and date"
    )
    mapproxy.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to (default: printed)")
    mapproxy.add_argument("--url", help="where MapProxy reaches this server (default: its public address)")
    space = verbs.add_parser("space", help="what users made").add_subparsers(
        dest="what", required=True, metavar="ACTION"
    )
    space.add_parser("list", parents=[common], help="the products in spaces")
    space.add_parser(
        "publish", parents=[common], help="take a product out of its space, for everybody"
    ).add_argument("product", metavar="ID")
    verbs.add_parser("verify", parents=[common], help="re-read every file and compare checksums")
    verbs.add_parser("reindex", parents=[common], help="make all records anew (after product types changed)")
    verbs.add_parser("check", parents=[common], help="all faults of the configuration at once")
    config = verbs.add_parser("config", help="look at the settings").add_subparsers(
        dest="what", required=True
    )
    config.add_parser("show", parents=[common]).add_argument(
        "--origin", action="store_true", help="where each value came from"
    )
    verbs.add_parser("doctor", parents=[common], help="what is wrong with this installation, and the cure")
    verbs.add_parser("version", help="print the version")
    return parser
