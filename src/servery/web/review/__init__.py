"""The monthly review: is all in step, do we know our guests, and what did nobody look at?"""
