# The repositories have tests of their own, which nobody runs here.
collect_ignore_glob = ["*/repository"]
