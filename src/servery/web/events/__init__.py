"""What arrived: the list of events, and one event as they sent it, as we understood it, and what we did."""
