"""The one place where things are wired: rooms do not know one another, and this is where their work is joined."""
