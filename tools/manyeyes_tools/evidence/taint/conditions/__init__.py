"""What must be, beside a value from outside, for a call to do harm."""
