# SPDX-License-Identifier: Apache-2.0
"""The header `Link` of feeds."""

from __future__ import annotations


def hub_links(base: str, feed: str) -> dict[str, str]:
    """Where to subscribe to a feed, and its own address (WebSub, 4)."""
    return {"Link": f'<{base}/hub>; rel="hub", <{feed}>; rel="self"'}
