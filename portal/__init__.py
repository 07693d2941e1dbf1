# SPDX-License-Identifier: Apache-2.0
"""The web pages: one map page (static, built from portal/web) and the page of each collection."""
