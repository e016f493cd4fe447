"""A live page of who mentions you on GitHub: one supervised sync a viewer."""
