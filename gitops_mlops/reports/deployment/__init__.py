"""What runs where, and what a rollout did."""
