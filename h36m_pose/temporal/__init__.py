"""From snapshots to motion: smoothing of a trained network's predictions by filters and by small temporal heads."""
