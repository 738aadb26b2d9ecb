"""The flagship pipeline: flights of 2013, will they arrive late?"""
