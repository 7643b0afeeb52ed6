"""Cameras that post number plates as JSON over HTTP."""
