"""The tests, as one package: each of their modules has one name, whoever imports it."""
