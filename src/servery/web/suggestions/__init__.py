"""Who may be one person: both side by side, decided in one tap."""
