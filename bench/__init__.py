"""Measurements that anyone can repeat: `make bench NAME=ingest`, `outbox` or `custody`.

Every bench prints a table for people and, as its last line, one line of JSON.
"""
