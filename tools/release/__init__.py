"""What it takes to publish mnemos: its packages, their version, their archives, and a trial of them."""
