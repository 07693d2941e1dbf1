# SPDX-License-Identifier: Apache-2.0
"""Downloads: the files of products, addressed by the ids of products and the keys of assets, never by paths."""
