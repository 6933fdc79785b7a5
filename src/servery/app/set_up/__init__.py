"""Setting up: drafts of connections, days matched anew, and the proof that a connection works."""
