# SPDX-License-Identifier: Apache-2.0
"""Filter languages of clients, each to the one tree of `catalog.query`."""
