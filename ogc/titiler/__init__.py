# SPDX-License-Identifier: Apache-2.0
"""The REST tiles of titiler.core over our catalogue: a rio-tiler reader whose pixels come from our engine, addressed by ids, never by a URL."""
