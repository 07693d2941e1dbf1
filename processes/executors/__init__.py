# SPDX-License-Identifier: Apache-2.0
"""Where runs run: `local` on this machine, `slurm` and `pbs` on a cluster."""
