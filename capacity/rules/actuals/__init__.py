"""What may be entered as used, corrected, and taken from a sheet."""
