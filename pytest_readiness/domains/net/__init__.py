"""Ports and the network, from outside."""
