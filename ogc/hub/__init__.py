# SPDX-License-Identifier: Apache-2.0
"""The hub (W3C WebSub): whoever subscribes to one of our Atom feeds is sent what is new in it."""
