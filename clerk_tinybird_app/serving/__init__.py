"""How pages and answers leave the app: headers, policies, the built frontend."""
