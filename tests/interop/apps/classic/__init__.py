"""An application that uses nothing that RQ 1.13 has not."""
