# SPDX-License-Identifier: Apache-2.0
"""The command line's words: one function a group of verbs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """All of them."""
    out = argparse.ArgumentParser(
        prog="hysope", description="OGC web services over an archive of satellite products."
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config", metavar="FILE", help="settings file (default: hysope.yaml here, or HYSOPE_CONFIG)"
    )
    common.add_argument("--data", metavar="DIR", help="folder of the store and of the assets that we write")
    verbs = out.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    for group in (
        _serving,
        _ingesting,
        _keys,
        _jobs,
        _harvesting,
        _seeding,
        _exporting,
        _spaces,
        _chains,
        _archive,
        _looking,
    ):
        group(verbs, common)
    return out


def _serving(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    listening = argparse.ArgumentParser(add_help=False)
    listening.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    listening.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")
    listening.add_argument("--workers", type=int, help="processes that answer")
    demo = verbs.add_parser(
        "demo", parents=[common, listening], help="generate products, ingest them, serve them"
    )
    demo.add_argument("--no-serve", action="store_true", help="stop before serving")
    serve = verbs.add_parser(
        "serve", parents=[common, listening], help="serve the store; with a folder, ingest it first"
    )
    serve.add_argument("folder", nargs="?", type=Path, metavar="DIR")


def _ingesting(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    ingest = verbs.add_parser("ingest", parents=[common], help="bring products into the catalogue")
    ingest.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="file, zip, folder or tree")
    ingest.add_argument("--dry-run", action="store_true", help="say what would happen")
    ingest.add_argument("--force", action="store_true", help="ingest again what is here already")
    ingest.add_argument("--watch", action="store_true", help="treat the paths as inboxes, for ever")
    withdraw = verbs.add_parser("withdraw", parents=[common], help="take a product out of every door")
    withdraw.add_argument("product", metavar="ID[@VERSION]")
    withdraw.add_argument("--reason", required=True)


def _keys(verbs: Verbs, common: argparse.ArgumentParser) -> None:
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


def _jobs(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    supervisor = verbs.add_parser(
        "supervisor", parents=[common], help="run the jobs that users order (one host of many)"
    )
    jobs = verbs.add_parser("jobs", parents=[common], help="how production stands, and the newest jobs")
    jobs.add_argument("--status", choices=("accepted", "running", "successful", "failed", "dismissed"))
    jobs.add_argument("--process", action="append", metavar="ID", help="of this process; may be repeated")
    jobs.add_argument("--limit", type=int, default=20, help="most jobs (default 20)")
    process = verbs.add_parser("process", help="orders from this machine").add_subparsers(
        dest="what", required=True
    )
    process.add_parser("list", parents=[common], help="what can be run here")
    run = process.add_parser("run", parents=[common], help="order something, and follow it to its end")
    run.add_argument("process", metavar="ID")
    run.add_argument(
        "--input", action="append", metavar="NAME=VALUE", help="JSON, or a text; may be repeated"
    )
    run.add_argument("--inputs", type=Path, metavar="FILE", help="all inputs, as a JSON object")
    run.add_argument("--out", type=Path, default=Path(), help="where files go (default: here)")
    run.add_argument("--anew", action="store_true", help="run it although an equal order was made before")
    supervisor.add_argument("--parent", type=int, help=argparse.SUPPRESS)


def _harvesting(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    harvest = verbs.add_parser("harvest", parents=[common], help="fetch the records of other centres")
    harvest.add_argument("sources", nargs="*", metavar="SOURCE", help="ids of the settings; all without one")
    harvest.add_argument("--full", action="store_true", help="walk through the whole source")
    harvest.add_argument(
        "--accept-deletions", action="store_true", help="delete what is not there any more, however much"
    )
    harvest.add_argument("--report", action="store_true", help="the last runs, and what was refused")
    harvest.add_argument(
        "--duplicates", action="store_true", help="records of several sources with one title, place and time"
    )
    harvest.add_argument(
        "--cascade",
        action="store_true",
        help="the harvested map layers as settings of `cascade`, to choose from",
    )
    harvest.add_argument("--watch", action="store_true", help="harvest each source when it is due, for ever")
    harvest.add_argument("--parent", type=int, help=argparse.SUPPRESS)


def _seeding(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    seed = verbs.add_parser("seed", parents=[common], help="draw tiles before anybody asks for them")
    seed.add_argument("layer", help="as in LAYERS")
    seed.add_argument("--style", action="append", help="may be given several times (default: all)")
    seed.add_argument("--levels", default="0-10", metavar="FROM-TO", help="of the grid (default 0-10)")
    seed.add_argument("--bbox", metavar="W,S,E,N", help="in degrees (default: where the layer has something)")
    seed.add_argument("--dates", default="latest", metavar="FROM/TO", help="or latest (the default), or all")
    seed.add_argument(
        "--matrix-set", default="WebMercatorQuad", choices=["WebMercatorQuad", "WorldCRS84Quad", "LAMB93"]
    )
    seed.add_argument("--format", default="image/png", choices=["image/png", "image/jpeg", "image/webp"])


def _exporting(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    export = verbs.add_parser("export", help="configurations of other programs over this one").add_subparsers(
        dest="what", required=True, metavar="WHAT"
    )
    mapproxy = export.add_parser(
        "mapproxy", parents=[common], help="a MapProxy with every public layer, style and date"
    )
    mapproxy.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to (default: printed)")
    mapproxy.add_argument("--url", help="where MapProxy reaches this server (default: its public address)")


def _spaces(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    space = verbs.add_parser("space", help="what users made").add_subparsers(
        dest="what", required=True, metavar="ACTION"
    )
    space.add_parser("list", parents=[common], help="the products in spaces")
    space.add_parser(
        "publish", parents=[common], help="take a product out of its space, for everybody"
    ).add_argument("product", metavar="ID")


def _chains(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    altimetry = verbs.add_parser(
        "altimetry", parents=[common], help="the series of a virtual station from Sentinel-3 tracks"
    )
    altimetry.add_argument("station", type=Path, metavar="STATION.yaml", help="name, place, polygon, rules")
    altimetry.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="tracks, or folders of products"
    )
    altimetry.add_argument("--out", type=Path, default=Path(), help="where the delivery goes (default: here)")


def _archive(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    archive = verbs.add_parser("archive", help="files on tape; are they what was written").add_subparsers(
        dest="what", required=True, metavar="ACTION"
    )
    migrate = archive.add_parser("migrate", parents=[common], help="write the data of products to tape")
    migrate.add_argument("products", nargs="*", metavar="ID", help="these, or those of the options")
    migrate.add_argument("--collection", help="of this collection")
    migrate.add_argument("--older-than", type=int, metavar="DAYS", help="whose day is that long ago")
    objects = archive.add_parser(
        "objects", parents=[common], help="move the rasters of products to object storage, or back"
    )
    objects.add_argument("products", nargs="*", metavar="ID", help="these, or those of the options")
    objects.add_argument("--collection", help="of this collection")
    objects.add_argument("--older-than", type=int, metavar="DAYS", help="whose day is that long ago")
    objects.add_argument("--back", action="store_true", help="from there into the folder again")
    stage = archive.add_parser("stage", parents=[common], help="ask for the files of products")
    stage.add_argument("products", nargs="+", metavar="ID")
    archive.add_parser("status", parents=[common], help="how many files are on tape, here, and asked for")
    run = archive.add_parser("run", parents=[common], help="fetch what is asked for, until ended")
    run.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    fixity = archive.add_parser(
        "fixity",
        parents=[common],
        help="compare files with their checksums, the longest unchecked first; keep a second copy",
    )
    fixity.add_argument(
        "--older-than", type=float, metavar="DAYS", help="only what was not checked for so long"
    )
    fixity.add_argument("--limit", type=int, default=1_000_000, help="most files of this run")
    fixity.add_argument(
        "--repair", action="store_true", help="put the second copy where a file is wrong or missing"
    )


def _looking(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    paths = verbs.add_parser("paths", parents=[common], help="where the files of products are")
    paths.add_argument("products", nargs="+", metavar="ID")
    usage = verbs.add_parser("usage", parents=[common], help="what was taken away")
    usage.add_argument("--by", choices=["product", "who", "asset", "day"], default="product")
    usage.add_argument("--days", type=float, default=30, help="of so many days (default 30)")
    usage.add_argument("--limit", type=int, default=50, help="most lines (default 50)")
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
