"""The checker of annotated types and shapes that the tests put over the whole package."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # a whole number is good enough where a float is asked for
