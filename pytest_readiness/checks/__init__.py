"""What should be: one module a domain. Checks judge facts and open no connection of their own."""
