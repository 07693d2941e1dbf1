# SPDX-License-Identifier: Apache-2.0
"""OGC API Common (19-072, 20-024): what every building block under `/ogcapi` shares."""
