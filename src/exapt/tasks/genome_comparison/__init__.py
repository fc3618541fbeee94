"""Which genes of different genomes correspond."""
