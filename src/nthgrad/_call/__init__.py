"""From a call of g to a traced graph and back: arguments, caches of traces, errors as the user sees them."""
