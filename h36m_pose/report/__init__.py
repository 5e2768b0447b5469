"""A run as one self-contained HTML page: results, a 3D player, what the network looks at, how it was made."""
