"""Champion and challenger: registered beforehand, sides drawn by chance and kept, results safe to look at."""
