"""The fault bench: what a server can do wrong, as rows, and what a user's notebook makes of each.

`row` says what a row is, the `rows_*` modules hold them, `cells` plays one in a real kernel, `table`
writes what came of all of them.
"""
