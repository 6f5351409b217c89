"""The plan as a sheet: what people type in its cells, and what is written back to them.

Plain Python. Bytes come in through `workloads.services.sheets`, which also writes them.
"""
