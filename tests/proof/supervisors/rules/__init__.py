"""What trio-sup does otherwise than OTP on purpose, and from where on OTP says nothing.

A rule is as narrow as it can be: `test_narrow_rules.py` plants a bug beside each.
"""
