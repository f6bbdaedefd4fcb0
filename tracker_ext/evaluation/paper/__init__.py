"""The paper's tables, its numbers beside one's own."""
