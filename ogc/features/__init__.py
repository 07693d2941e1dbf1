# SPDX-License-Identifier: Apache-2.0
"""OGC API Features parts 1 to 3 and Records: footprints, stations, metadata, and the collections of pygeoapi's providers."""
