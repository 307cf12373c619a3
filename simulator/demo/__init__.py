"""A Friday evening to look at: a platform of its own, the town that lives on it, a board, and an audit at the end."""
