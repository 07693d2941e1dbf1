# SPDX-License-Identifier: Apache-2.0
"""OAI-PMH 2.0: the catalogue for harvesters."""
