"""The story a demo installation tells: one evening's outage of a web shop, as its monitoring would have sent it."""
