"""Side effects of drugs."""
