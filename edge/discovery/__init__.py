"""Finds devices without changing them: ports by stable names, families by what their codecs read.

Everything that a scan sends reads something: version, weight, registers. Nothing is configured.
"""
