"""The bottom room: contracts, registry, configuration, errors, provenance. No biology, no training."""
