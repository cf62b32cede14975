"""The screen of all runs: found, compared, tidied."""
