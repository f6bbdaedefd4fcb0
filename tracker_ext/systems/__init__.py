"""Systems side by side: every tracker with weights, and reference points, on one data set in one table."""
