"""Two or more genomes against each other."""
