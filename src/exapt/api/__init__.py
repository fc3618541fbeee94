"""The verbs; the only room that sees every other."""
