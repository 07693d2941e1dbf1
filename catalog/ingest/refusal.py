# SPDX-License-Identifier: Apache-2.0
"""Why a product does not enter. One line, for the operator: which file, and what is wrong with it."""

from __future__ import annotations


class Refused(Exception):
    """The product is broken or unsafe; the batch goes on without it."""
