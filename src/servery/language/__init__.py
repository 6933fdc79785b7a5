"""What people read: words in the reader's language, figures as the venue writes them."""
