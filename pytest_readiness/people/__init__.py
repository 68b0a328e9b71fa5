"""Sign-offs and waivers, who wrote them, and their files."""
