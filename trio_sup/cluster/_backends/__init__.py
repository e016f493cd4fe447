"""Engines, and how a node reaches one.

what an engine must supply   `link`
the embedded engine          `local`
"""
