"""What was measured, how far estimates are from it, and how a user's own measurements correct them."""
