"""Any other system: JSON that it sends, read by a mapping of the owner's; what is to leave, signed and posted to it."""
