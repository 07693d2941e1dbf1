# SPDX-License-Identifier: Apache-2.0
"""What is not fetched of another centre but sent by an operator's program, an item at a time: kept and found as harvested records are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from catalog.harvest.neutral import Origin
from catalog.harvest.read import read_record
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal
from catalog.model.record import Record
from catalog.model.time import EVER, now
from catalog.service import Catalog, UnitOfWork
from config.limits import Limits
from config.settings import HarvestSource


class Pushed:
    """The sources of the type `push`. Each method is one unit of work: all of it happens, or nothing. All raise Fault FORBIDDEN for others than operators."""

    def __init__(self, catalog: Catalog, sources: Mapping[str, HarvestSource], limits: Limits) -> None:
        self._catalog, self._limits = catalog, limits
        self._names = frozenset(name for name, one in sources.items() if not one.fetched)

    def takes(self, source: str) -> bool:
        """Whether there is such a source."""
        return source in self._names

    def add(self, source: str, items: Sequence[tuple[str, bytes]], who: Principal) -> list[Record]:
        """Takes new items, each with its id. Raises Fault TAKEN where the catalogue has something of that id, INVALID for what is no record."""
        records = [self._read(source, name, body) for name, body in items]
        counts = Counter(record.id for record in records)
        with self._catalog.unit(who) as unit:
            there = unit.sources_of_records(list(counts))
            taken = next((name for name, count in counts.items() if count > 1 or name in there), None)
            if taken is not None:
                raise Fault(Kind.TAKEN, f"there is a record {taken[:200]!r} already", "id")
            self._put(unit, records, who, "new")
        return records

    def change(self, source: str, name: str, changed: Callable[[bytes], bytes], who: Principal) -> Record:
        """Replaces an item by what `changed` makes of it. Raises Fault UNKNOWN_PRODUCT, and INVALID for what is no record."""
        with self._catalog.unit(who) as unit:
            self._must_have(unit, source, name)
            record = self._read(source, name, changed(unit.original_of_record(name)))
            self._put(unit, [record], who, "updated")
        return record

    def remove(self, source: str, name: str, who: Principal) -> None:
        """Removes an item; harvesters are told that it is gone. Raises Fault UNKNOWN_PRODUCT."""
        with self._catalog.unit(who) as unit:
            self._must_have(unit, source, name)
            at = now()
            unit.bury_record(name, at)
            unit.note(at, who.name, "push", name, "removed")

    def _put(self, unit: UnitOfWork, records: Sequence[Record], who: Principal, outcome: str) -> None:
        at = now()
        unit.put_records(records, EVER, at)
        for record in records:
            unit.note(at, who.name, "push", record.id, outcome)

    def _read(self, source: str, name: str, body: bytes) -> Record:
        record = read_record(Origin(source, name, "", "", body), self._limits.metadata_bytes)
        if record.id != name:
            raise Fault(Kind.INVALID, f"the id of {name[:200]!r} cannot be changed", "id")
        return record

    def _must_have(self, unit: UnitOfWork, source: str, name: str) -> None:
        there = unit.source_of_record(name)
        if there is None or there[0] != source:
            raise Fault(Kind.UNKNOWN_PRODUCT, f"{source} has no item {name[:80]!r}", "id")
