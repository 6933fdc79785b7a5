"""The universal language: what every system's records become, and what every room and page speaks.

Frozen structs without I/O. This package imports nothing else of ours, so any room, connector or test may use it.
"""
