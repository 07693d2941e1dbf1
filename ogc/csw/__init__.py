# SPDX-License-Identifier: Apache-2.0
"""CSW 2.0.2 (07-006r1): pycsw writes the protocol, our edge reads requests and filters, our store answers."""
