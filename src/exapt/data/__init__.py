"""From files to encoded rows: loading, cards, cleaning, encoders, splits, leakage."""
