# SPDX-License-Identifier: Apache-2.0
"""The metacatalogue: records of other centres, fetched by their protocols, staged, then applied."""
