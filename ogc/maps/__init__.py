# SPDX-License-Identifier: Apache-2.0
"""What all map doors share: the layers, the words of times and formats, pictures with their tags, values at a point."""
