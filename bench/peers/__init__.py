"""The same work through other libraries; those that are not installed are left out."""
