# SPDX-License-Identifier: Apache-2.0
"""What all protocols share at the edge: parameters, strict fields, limits, answers."""
