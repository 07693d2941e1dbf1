# SPDX-License-Identifier: Apache-2.0
"""OGC API - Processes - Part 1: Core (18-062r2) under `/ogcapi`: JSON in, JSON out."""
