"""This machine as set-up sees and changes it: programs, files, JSON with comments, records of changes."""
