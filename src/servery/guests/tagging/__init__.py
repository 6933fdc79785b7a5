"""Tags that guests have as long as a rule holds: what rules may go by, and who fulfils them."""
