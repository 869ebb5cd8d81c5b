"""Work after the commit: reactions to recorded events through a queue, and ticks that compare wanted with actual."""
