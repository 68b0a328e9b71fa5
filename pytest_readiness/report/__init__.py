"""What a run reports: the terminal summary, the HTML page, the files of --readiness-out, and what goes to GitHub."""
