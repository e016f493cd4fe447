"""What is drawn: lines of cells, and the bars around them."""
