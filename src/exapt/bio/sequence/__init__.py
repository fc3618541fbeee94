"""Letters, alphabets and what is done with them."""
