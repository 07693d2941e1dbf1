# SPDX-License-Identifier: Apache-2.0
"""The catalogue's tables, their migrations, and the compiler from filters to SQL."""
