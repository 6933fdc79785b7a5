"""What we know of a guest, read from everything that was joined: story, visits, sources. This room only reads."""
