# SPDX-License-Identifier: Apache-2.0
from hysope.cli import main

raise SystemExit(main())
