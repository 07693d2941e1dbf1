# SPDX-License-Identifier: Apache-2.0
"""The catalogue as DCAT 3 in the words of GeoDCAT-AP, for the portals of open data: pages of JSON-LD that lead from one to the next."""
