# SPDX-License-Identifier: Apache-2.0
"""Layers of other centres' map services as a map service of ours, by MapProxy."""
