# SPDX-License-Identifier: Apache-2.0
"""SOS 2.0 (OGC 12-006): KVP and plain XML, O&M 2.0 and WaterML 2.0, streamed."""
