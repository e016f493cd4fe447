"""Reminds of open tasks by mail: one supervised worker for each."""
