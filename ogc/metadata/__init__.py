# SPDX-License-Identifier: Apache-2.0
"""Records as metadata documents, for every catalogue door."""
