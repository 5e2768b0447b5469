"""Poses of people in pictures and videos that no dataset was made of: find the person, predict, write what others read."""
