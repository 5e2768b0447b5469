"""How much error bad pictures cost: conditions that spoil crops, the test of a run under each, a table, a sheet."""
