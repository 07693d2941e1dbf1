# SPDX-License-Identifier: Apache-2.0
"""STAC API 1.0 with STAC 1.1 items, under `/stac`: core, collections, features, item search, query."""
