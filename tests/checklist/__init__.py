"""The rows of the OTP checklist, and the tests that prove them."""
