"""What the model learned: the screen, its panes, and what they are drawn with."""
