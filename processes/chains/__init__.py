# SPDX-License-Identifier: Apache-2.0
"""Chains in Python: a function gets a product (its bands as files), the values of the inputs, and a folder to write `<BAND>.tif` into."""
