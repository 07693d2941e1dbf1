# SPDX-License-Identifier: Apache-2.0
"""Orders, jobs, executors, chains. `runner` is what runs on a node: it reads files and writes files, and knows no database and no secret."""
