"""What several observers of the same code reported, as one list of weaknesses with a calibrated probability each."""
