"""Files of the plan: bytes in and bytes out, CSV and XLSX."""
