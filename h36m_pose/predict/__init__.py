"""Poses of people in pictures and videos that no dataset was made of: find, predict, write."""
