"""How pages and answers leave the app: their headers, their policy, and to this machine alone."""
