"""Where the blocks of a long piece of work are done: on this machine, or on a cluster."""
