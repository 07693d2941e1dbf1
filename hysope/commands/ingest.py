# SPDX-License-Identifier: Apache-2.0
"""`hysope ingest`, `withdraw`, `verify`: what changes or checks the archive."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from catalog.durable import write_text
from catalog.ingest.assets import file_facts
from catalog.ingest.batch import Ingest, Report
from catalog.ingest.discover import Found, Passed
from catalog.model.faults import Fault
from catalog.model.objects import ObjectError
from catalog.model.principal import OPERATOR
from catalog.service import Catalog
from config.settings import Settings
from hysope.commands.progress import Progress, summary
from hysope.wiring import wire_catalog, wire_ingest


def ingest(settings: Settings, arguments: argparse.Namespace) -> int:
    """Ingests paths once, or watches an inbox."""
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    for line in worker.repair():
        print(f"repaired: {line}")
    try:
        if arguments.watch:
            Watch(worker, arguments.paths, settings).run()
            return 0
        return (
            1
            if run_batch(worker, arguments.paths, force=arguments.force, dry_run=arguments.dry_run)
            .counts()
            .get("failed")
            else 0
        )
    finally:
        catalog.close()


def run_batch(worker: Ingest, paths: Iterable[Path], *, force: bool = False, dry_run: bool = False) -> Report:
    """Finds, ingests with progress, and prints the summary."""
    found = worker.find(paths)
    progress = Progress(sum(not isinstance(item, Passed) for item in found), "ingest")
    report = worker.run(
        found,
        force=force,
        dry_run=dry_run,
        seen=lambda outcome: progress.step(outcome.product) if outcome.product else None,
    )
    progress.close()
    summary(report)
    return report


def withdraw(settings: Settings, arguments: argparse.Namespace) -> int:
    """Withdraws a product, or one version of it."""
    catalog = wire_catalog(settings)
    try:
        gone = catalog.withdraw(arguments.product, OPERATOR, arguments.reason)
    except Fault as fault:
        print(fault.text, file=sys.stderr)
        return 1
    finally:
        catalog.close()
    print(f"withdrawn: {arguments.product} ({', '.join(gone)})")
    return 0


def verify(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Re-reads every file that the catalogue knows and compares checksums."""
    catalog = wire_catalog(settings)
    good = bad = 0
    for product, path, sha256 in catalog.files():
        problem = "" if _low(path) or path.is_file() else "is missing"
        if not problem and sha256 and file_facts(path)[1] != sha256:
            problem = "has changed"
        good, bad = good + (not problem), bad + bool(problem)
        if problem:
            print(f"{product}: {path} {problem}")
    for product, name, sha256 in catalog.stored():
        problem = _stored_problem(catalog, name, sha256)
        good, bad = good + (not problem), bad + bool(problem)
        if problem:
            print(f"{product}: {name} {problem}")
    catalog.close()
    print(f"{good} files are as they were, {bad} are not")
    return 1 if bad else 0


def _stored_problem(catalog: Catalog, path: str, sha256: str) -> str:
    """What is wrong with a file in object storage; empty where nothing is."""
    if catalog.objects is None:
        return "is in object storage, which the settings do not name"
    digest = hashlib.sha256()
    try:
        for piece in catalog.objects.read(path):
            digest.update(piece)
    except ObjectError as error:
        return f"cannot be read from object storage: {error}"
    return "has changed" if sha256 and digest.hexdigest() != sha256 else ""


def reindex(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Makes all records anew."""
    catalog = wire_catalog(settings)
    count = catalog.reindex(OPERATOR)
    catalog.close()
    print(f"records of {count} products and their collections are new")
    return 0


def _low(path: Path) -> bool:
    """Whether this is the stem of low-zoom arrays that are there."""
    return all(path.with_name(f"{path.name}.low{side}.npy").is_file() for side in (128, 32))


class Watch:
    """An inbox: what arrives and has stopped growing is ingested; what fails goes to `quarantine` beside it, with its reason."""

    def __init__(self, worker: Ingest, inboxes: list[Path], settings: Settings) -> None:
        self._worker, self._inboxes = worker, inboxes
        self._every, self._settle = settings.ingest.watch_seconds, settings.ingest.settle_seconds
        self._sizes: dict[Path, tuple[int, float]] = {}
        self._done: dict[Path, int] = {}

    def run(self) -> None:
        """For ever."""
        print(f"watching {', '.join(map(str, self._inboxes))}", flush=True)
        while True:
            self.once()
            time.sleep(self._every)

    def once(self) -> Report:
        """One look into the inboxes."""
        report = self._worker.run([item for item in self._worker.find(self._inboxes) if self._ready(item)])
        for outcome in report.outcomes:
            self._done[outcome.source] = _weight(outcome.source)
            if outcome.status != "skipped":
                print(f"{outcome.status}: {outcome.source.name} {outcome.reason}".rstrip(), flush=True)
            if outcome.status == "failed":
                self._quarantine(outcome.source, outcome.reason)
        return report

    def _ready(self, item: Found) -> bool:
        """Whether it was not seen as it is now, and has not grown for a while."""
        weight = _weight(item.source)
        if self._done.get(item.source) == weight:
            return False
        last = self._sizes.get(item.source)
        if last is None or last[0] != weight:
            self._sizes[item.source] = (weight, time.monotonic())
            return self._settle == 0
        return time.monotonic() - last[1] >= self._settle

    def _quarantine(self, source: Path, reason: str) -> None:
        inbox = next((inbox for inbox in self._inboxes if source.is_relative_to(inbox)), None)
        if inbox is None or not source.exists():
            return
        home = inbox.resolve().parent / "quarantine"
        home.mkdir(exist_ok=True)
        target = home / f"{time.strftime('%Y%m%dT%H%M%S')}-{source.name}"
        write_text(target.with_name(f"{target.name}.reason.txt"), f"{reason}\n")
        shutil.move(source, target)


def _weight(source: Path) -> int:
    """Changes when a file, or a file in a folder, grows or is written again."""
    if not source.exists():
        return -1
    files = source.rglob("*") if source.is_dir() else (source,)
    return sum(
        facts.st_size * 31 + facts.st_mtime_ns for facts in (path.stat() for path in files if path.is_file())
    )
