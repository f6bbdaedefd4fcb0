"""VOT2020: regions as text, and what the VOT toolkit needs."""
