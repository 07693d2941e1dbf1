# SPDX-License-Identifier: Apache-2.0
"""Everything a client speaks: one folder a protocol, one module a version."""
