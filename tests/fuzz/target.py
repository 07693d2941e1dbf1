# SPDX-License-Identifier: Apache-2.0
"""`make fuzz`: libFuzzer over every reader of client text. A fault of ours is an answer; anything else, or a second without one, is a find.

python tests/fuzz/target.py READER [options of libFuzzer]
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["ogc", "catalog", "config"]):
    import readers


def main() -> None:
    """Runs one reader until the time is over."""
    name, *options = sys.argv[1:]
    reader, home = readers.READERS[name], Path(".fuzz") / name
    home.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(readers.SEEDS[name]):
        (home / f"seed-{number}").write_bytes(seed)

    def once(data: bytes) -> None:
        with contextlib.suppress(*readers.EXPECTED):
            reader(data)

    limits = ["-timeout=2", "-rss_limit_mb=2000", "-max_len=4096", f"-artifact_prefix={home}/"]
    atheris.Setup([sys.argv[0], *limits, *options, str(home)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
