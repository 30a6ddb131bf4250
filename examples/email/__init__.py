"""E-mail sending: what became of each e-mail, for every workspace that sends them."""
