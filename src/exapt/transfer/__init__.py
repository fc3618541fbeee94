"""How weights move: strategies and the training loop."""
