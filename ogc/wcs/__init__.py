# SPDX-License-Identifier: Apache-2.0
"""WCS 1.0.0 (OGC 03-065r6) and 2.0.1 (09-110r4, 09-147r3): the values of collections, by KVP."""
