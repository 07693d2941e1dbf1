#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for MAJA 4: `maja -i INPUTS -o OUT -ucs USERCONF -m L2INIT|L2NOMINAL`, as strict about its inputs as the real one; what is in a file `behave` of the L1C decides."""

import re
import sys
from pathlib import Path

words = sys.argv[1:]
options = dict(zip(words[::2], words[1::2], strict=True))
if set(options) != {"-i", "-o", "-ucs", "-m"} or options["-m"] not in ("L2INIT", "L2NOMINAL"):
    sys.exit(f"[E] wrong command line: {words}")
given, out = Path(options["-i"]), Path(options["-o"])
names = sorted(path.name for path in given.iterdir())
safe = [name for name in names if name.endswith(".SAFE")]
past = [name for name in names if "_L2A_" in name]
relief = [name for name in names if name.startswith("S2__TEST_AUX_REFDE2_")]
if len(safe) != 1 or len(relief) != 1 or "GIPP.EEF" not in names or not Path(options["-ucs"]).is_dir():
    sys.exit(f"[E] inputs are wrong: {names}")
if len(past) != (options["-m"] == "L2NOMINAL"):
    sys.exit(f"[E] {options['-m']} with {len(past)} products of the past")
match = re.match(r"(S2([ABC]))_MSIL1C_([0-9]{8})T([0-9]{6})_.*_T([0-9]{2}[A-Z]{3})_", safe[0])
behave = (given / safe[0] / "behave").read_text() if (given / safe[0] / "behave").exists() else ""
if behave == "crash":
    print("[I] starting")
    sys.exit("[E] ran out of pixels")
if behave == "nothing":
    sys.exit(0)
name = f"SENTINEL2{match[2]}_{match[3]}-{match[4]}-000_L2A_T{match[5]}_C_V1-0"
if behave == "cloudy":
    name += "_NOTVALD"
home = out / name
(home / "MASKS").mkdir(parents=True)
(home / f"{name}_MTD_ALL.xml").write_text(f"<x mode='{options['-m']}' past='{past[0] if past else ''}'/>")
(home / "MASKS" / f"{name}_CLM_R1.tif").write_bytes(b"mask")
