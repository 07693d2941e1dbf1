# SPDX-License-Identifier: Apache-2.0
"""The one place that opens rasters: a driver is always named, and the drivers that reach out are off before GDAL loads (THREATS D1)."""

from catalog.raster import environment

environment.lock()
