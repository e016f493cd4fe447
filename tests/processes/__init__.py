"""Other programs as children: real ones, and that none is ever left."""
