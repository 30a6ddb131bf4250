"""The product that the framework's own tests run on: jobs in queues, as small as it can be.

Its tenant's parameter and column have different names, admins may read a pipe more, and its
dashboard has one panel of each kind, so that nothing that holds for it holds by a shipped name.
"""
