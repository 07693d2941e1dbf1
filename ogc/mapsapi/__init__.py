# SPDX-License-Identifier: Apache-2.0
"""OGC API Maps (20-058) and Tiles (20-057) over the shared maps."""
