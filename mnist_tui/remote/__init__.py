"""A run in another process, behind the same contract: a socket with the run's server at one end
and its clients, dashboards and commands, at the other."""
