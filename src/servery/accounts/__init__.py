"""Who may come in: people, sessions, sign-in links, API keys, the audit of what they did, and the vault of secrets."""
