"""An application that is set up before it can be used."""
