"""Mutation testing of the decisions: is there a mistake that no test notices?"""
