"""The read models of tracking and what is asked of them."""
