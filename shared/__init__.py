"""What both planes stand on: transactions, errors, tokens, the web edge, work after the commit. No business words in
here.
"""
