# SPDX-License-Identifier: Apache-2.0
"""OGC API Environmental Data Retrieval 1.1 (19-086r6): series at points and stations, grids over areas."""
