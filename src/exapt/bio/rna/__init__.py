"""Genes of RNA in a genome: transfer RNA by its cloverleaf, other RNA by families and by what is learned."""
