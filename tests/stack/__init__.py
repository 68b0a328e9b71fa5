"""Real servers for the tests: context managers that leave no process, mount or listening port behind."""
