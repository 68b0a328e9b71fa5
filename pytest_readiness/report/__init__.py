"""What leaves a run: the terminal summary, the HTML page, the files of --readiness-out, and what GitHub is told."""
