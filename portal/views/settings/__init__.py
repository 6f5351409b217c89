"""Settings, under the person's name: one module a tab."""
