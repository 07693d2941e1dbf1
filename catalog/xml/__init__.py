# SPDX-License-Identifier: Apache-2.0
"""The one strict XML parser and the builder. Nothing else in the house parses XML."""
