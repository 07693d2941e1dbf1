# SPDX-License-Identifier: Apache-2.0
"""`python -m hysope`."""

from hysope.cli import main

raise SystemExit(main())
