"""Fields: who owns which, and which way each goes, connection by connection."""
