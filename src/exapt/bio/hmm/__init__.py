"""Hidden Markov models over long sequences: forbidden transitions, states of a least length, bounded memory."""
