# SPDX-License-Identifier: Apache-2.0
"""The download service of hydroweb.next over our series, so that its clients (py-hydroweb) go on unchanged."""
