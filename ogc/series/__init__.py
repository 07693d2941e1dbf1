# SPDX-License-Identifier: Apache-2.0
"""Series of stations as files, charts and feeds: whole basins at once."""
