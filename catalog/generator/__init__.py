# SPDX-License-Identifier: Apache-2.0
"""Faithful synthetic products in the distributed layouts: deterministic, any size. The demo, the tests and the benchmarks ingest them."""
