"""Campaigns that try to make a run lose something, many times over: see README.md."""
