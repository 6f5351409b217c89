"""Judging a sheet against the plan. Plain values in, verdicts out."""
