"""How the studio compiles its inner loops: once per machine, kept in `__pycache__`, free of Python's lock.

Divisions by zero give infinities, as in NumPy, instead of an exception: the check costs a fifth of the time.
Every compiled function is called with one combination of types only, so that processes that compile at the same time
write the same files.
"""

import numba

compiled = numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
