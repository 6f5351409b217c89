"""The demo company: its people, its plan, and a history told through the use cases."""
