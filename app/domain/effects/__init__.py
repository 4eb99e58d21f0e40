"""What the house makes a platform do: intended first, then done once."""
