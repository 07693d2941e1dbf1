# SPDX-License-Identifier: Apache-2.0
"""From a folder or an archive to a published product: discover, unpack, read, make assets, publish atomically."""
