"""The package beside the other ways to ask a model from a notebook; `__main__` says how."""
