"""Privacy: what guests ask for under the law, who was erased, what is kept how long, and what guests are told."""
