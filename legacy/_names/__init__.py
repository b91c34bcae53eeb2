"""Maps old names to their places today: the stand-in modules, and tables of names as data.

`modules` lists the modules of tf_keras in which an old module looks up its names. `own` and `arithmetic` come before
those, `leaks` after them. `exported` lists the names of star imports; `refused` names raise.
"""
