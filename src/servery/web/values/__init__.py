"""Which value of a field is shown where records differ: by rule, chosen here."""
