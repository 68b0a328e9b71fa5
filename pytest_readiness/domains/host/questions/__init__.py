"""What a server can be asked, a module for each subject."""
