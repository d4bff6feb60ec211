"""An application that has never heard of rq."""
