"""The embedded Tinybird as a process of its own: started, watched, stopped."""
