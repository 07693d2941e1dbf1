# SPDX-License-Identifier: Apache-2.0
"""The shared vocabulary: values without input or output, of the standard library alone."""
