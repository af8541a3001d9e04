"""What models are asked about the security of code, and what is made of their answers."""
