"""Pictures and videos of what a network predicts. All images here are RGB, uint8, (height, width, 3)."""
