# SPDX-License-Identifier: Apache-2.0
"""Settings and the declarative registry (product types, styles): data files and their loaders, nothing else."""
