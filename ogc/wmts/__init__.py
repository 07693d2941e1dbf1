# SPDX-License-Identifier: Apache-2.0
"""WMTS 1.0.0 (OGC 07-057r7): KVP and RESTful with the same numbers, time as a dimension."""
