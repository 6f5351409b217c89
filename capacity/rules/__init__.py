"""Decisions of the capacity model in plain Python: snapshots in, outcomes out."""
