"""The commands, a module for each thing they are about. Each lists its own in `COMMANDS`."""
