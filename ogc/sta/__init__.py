# SPDX-License-Identifier: Apache-2.0
"""OGC SensorThings API 1.1 (18-088), for reading: the stations and series of the SOS."""
