"""Public data sets, one YAML each."""
