"""Speed, as a command: `make bench` measures the house on this machine, against what it is compared with, in one sitting."""
