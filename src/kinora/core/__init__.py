"""The words every folder shares: shapes, clips, seeds, devices, progress, configuration, errors."""
