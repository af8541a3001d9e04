"""What calls do with values: whom they mean, what their arguments reach, and what comes back."""
