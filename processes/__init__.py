# SPDX-License-Identifier: Apache-2.0
"""Orders, jobs, executors, chains. Empty until the issue that fills it."""
