"""The conventions every API endpoint follows; docs/api.md tells them to callers."""
