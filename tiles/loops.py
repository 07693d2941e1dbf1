# SPDX-License-Identifier: Apache-2.0
"""Chooses the compiled loops, or the plain ones when numba is absent or HYSOPE_NUMBA=0."""

from __future__ import annotations

import os
from types import ModuleType

from tiles import plain

loops: ModuleType = plain
COMPILED = False
if os.environ.get("HYSOPE_NUMBA", "1") != "0":
    try:
        from tiles import kernels
    except ImportError:
        pass
    else:
        loops = kernels
        COMPILED = True
