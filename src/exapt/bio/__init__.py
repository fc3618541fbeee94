"""Biology without learning."""
