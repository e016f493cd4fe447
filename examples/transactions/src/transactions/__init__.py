"""Follows the confirmations of transactions: one supervised server for each."""
