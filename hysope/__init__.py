# SPDX-License-Identifier: Apache-2.0
"""The composition root: settings to services, the ASGI application, the command line."""

from importlib.metadata import version

__version__ = version("hysope")
