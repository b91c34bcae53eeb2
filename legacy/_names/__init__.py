"""Old names and where they are now: the stand-in modules, and tables of names as data.

`modules` says in which modules of tf_keras an old module looks its names up; `own` and `arithmetic` come before those,
`leaks` after them. `exported` is what star imports give; `refused` cannot be had.
"""
