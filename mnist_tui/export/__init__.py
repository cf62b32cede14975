"""What a run is worth elsewhere: its curves and its network in the formats of other programs."""
