# SPDX-License-Identifier: Apache-2.0
"""OpenSearch 1.1 with Geo and Time (10-032r8) over the records: a description, and answers as Atom or GeoJSON."""
