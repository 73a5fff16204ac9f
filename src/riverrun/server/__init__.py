"""The HTTP interface: models of this machine behind the interfaces that programs already speak."""
