"""This machine: its settings, files, programs, data volume and journal."""
