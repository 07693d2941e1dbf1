# SPDX-License-Identifier: Apache-2.0
"""Pixels: plan, read, warp, mosaic, style, encode. Nothing here knows a protocol; every map door calls `tiles.service.draw`."""
