"""All that knows Tinybird: policy, token, client, and a project's files and templates."""
