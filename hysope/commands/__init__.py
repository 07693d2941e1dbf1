# SPDX-License-Identifier: Apache-2.0
"""What each verb of the command line does."""
