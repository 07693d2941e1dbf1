# SPDX-License-Identifier: Apache-2.0
"""The search and download of resto 2, as Theia's and PEPS's catalogues had it, so that its clients (theia_download, eodag) go on unchanged."""
