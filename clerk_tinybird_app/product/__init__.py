"""What makes this app about one product: its policy, dashboard, sample data and words.

The only code that knows the pipes and columns of ``tinybird/``.
"""
