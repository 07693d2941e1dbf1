# SPDX-License-Identifier: Apache-2.0
"""The fuzz target in small: every reader reads its seeds, and mutations of them give values or faults of ours."""

import contextlib
import random

import pytest
from readers import EXPECTED, READERS, SEEDS

PIECES = (b"", b"&", b"=", b",", b"%00", b"\xff", b"-1", b"1e999", b"nan", b"'", b'"', b"(", b")", b"[", b"{", b"/", b"..", b"9999-12-31", "é".encode(), b"<!DOCTYPE a>", b"&#0;")  # fmt: skip


def test_every_reader_has_a_seed_that_it_reads() -> None:
    assert SEEDS.keys() == READERS.keys()
    for name, seeds in SEEDS.items():
        assert READERS[name](seeds[0]) is not None, name


@pytest.mark.parametrize("name", READERS)
def test_a_changed_seed_is_a_value_or_a_fault(name: str) -> None:
    dice = random.Random(f"{name} 1")
    for _ in range(400):
        data = bytearray(dice.choice(SEEDS[name]))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data) + 1)
            data[at : at + dice.choice((0, 0, 1, 5))] = dice.choice(PIECES)
        with contextlib.suppress(*EXPECTED):
            READERS[name](bytes(data))
