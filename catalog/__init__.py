# SPDX-License-Identifier: Apache-2.0
"""What we have, where it is, and what was observed. `catalog.model` and `catalog.query` are pure; nothing here knows a protocol."""
