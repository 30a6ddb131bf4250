"""All that knows Clerk: who is signed in, in which organization, and until when."""
