# SPDX-License-Identifier: Apache-2.0
"""Where runs run: `local` on this machine, `slurm` on a cluster."""
