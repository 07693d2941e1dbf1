# SPDX-License-Identifier: Apache-2.0
"""OGC API - Connected Systems over our series, for reading: Part 1 (23-001) and the datastreams and observations of Part 2 (23-002)."""
