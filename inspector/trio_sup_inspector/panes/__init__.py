"""What stands under each tab."""
